locals {
  services = toset([
    "artifactregistry",
    "bigquery",
    "cloudbuild",
    "cloudfunctions",
    "cloudresourcemanager",
    "cloudscheduler",
    "iam",
    "logging",
    "monitoring",
    "pubsub",
    "run",
    "secretmanager",
    "storage",
  ])
}

resource "google_project_service" "service" {
  for_each = local.services

  project = var.project_id
  service = "${each.key}.googleapis.com"

  # Others use them, too.
  disable_on_destroy = false
}

# A service answers only some time after it was enabled.
resource "time_sleep" "enabled" {
  create_duration = "60s"
  triggers        = { services = join(" ", local.services) }
  depends_on      = [google_project_service.service]
}

data "google_project" "project" {
  project_id = var.project_id
}
