# Who acts: one account runs passes, one asks hourly, one brings events, one builds. None has a key.

resource "google_service_account" "runtime" {
  project      = var.project_id
  account_id   = "${local.short}-runtime"
  display_name = "gapheal ${local.name}: runs passes"
  depends_on   = [time_sleep.enabled]
}

resource "google_service_account" "scheduler" {
  project      = var.project_id
  account_id   = "${local.short}-scheduler"
  display_name = "gapheal ${local.name}: asks for scans and sweeps"
  depends_on   = [time_sleep.enabled]
}

resource "google_service_account" "push" {
  project      = var.project_id
  account_id   = "${local.short}-push"
  display_name = "gapheal ${local.name}: brings events from Pub/Sub"
  depends_on   = [time_sleep.enabled]
}

resource "google_service_account" "build" {
  count = var.build_account == null ? 1 : 0

  project      = var.project_id
  account_id   = "${local.short}-build"
  display_name = "gapheal ${local.name}: builds the functions"
  depends_on   = [time_sleep.enabled]
}

locals {
  builder = var.build_account == null ? google_service_account.build[0].email : var.build_account

  # A build reads buckets and writes to a repository that Cloud Functions makes, so no lower resource can be named.
  build_roles = toset(var.build_account == null ? ["roles/artifactregistry.writer", "roles/logging.logWriter", "roles/storage.objectViewer"] : [])
}

resource "google_project_iam_member" "build" {
  for_each = local.build_roles

  project = var.project_id
  role    = each.key
  member  = google_service_account.build[0].member
}

# A role holds only some time after it was granted, and a build or a start that comes before fails the whole apply.
resource "time_sleep" "granted" {
  create_duration = "60s"
  triggers        = { builder = local.builder, runtime = google_service_account.runtime.email }
  depends_on      = [google_project_iam_member.build, google_secret_manager_secret_iam_member.runtime]
}

resource "google_service_account_iam_member" "old_pubsub_agent" {
  count = var.old_pubsub_agent ? 1 : 0

  service_account_id = google_service_account.push.name
  role               = "roles/iam.serviceAccountTokenCreator"
  member             = local.pubsub_agent
}
