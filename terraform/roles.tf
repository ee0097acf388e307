# Who may do what, always on the lowest resource that can be named.

# --- BigQuery ------------------------------------------------------------------------------------------------------

# Running a query is a right on a project; it reads nothing by itself.
resource "google_project_iam_member" "jobs" {
  project = var.project_id
  role    = "roles/bigquery.jobUser"
  member  = google_service_account.runtime.member
}

resource "google_bigquery_dataset_iam_member" "reader" {
  for_each = local.datasets

  project    = regex("^(.+)\\.([^.]+)$", each.key)[0]
  dataset_id = regex("^(.+)\\.([^.]+)$", each.key)[1]
  role       = "roles/bigquery.dataViewer"
  member     = google_service_account.runtime.member
}

resource "google_bigquery_dataset_iam_member" "ledger" {
  project    = var.project_id
  dataset_id = google_bigquery_dataset.ledger.dataset_id
  role       = "roles/bigquery.dataEditor"
  member     = google_service_account.runtime.member
}

resource "google_bigquery_dataset_iam_member" "claims" {
  project    = var.project_id
  dataset_id = google_bigquery_dataset.claims.dataset_id
  role       = "roles/bigquery.dataEditor"
  member     = google_service_account.runtime.member
}

# --- Whether anybody asks for scans --------------------------------------------------------------------------------

# The detector tells of jobs that are paused, absent or failing. Scheduler knows this role only on a project.
resource "google_project_iam_member" "schedule" {
  for_each = var.watch_schedule ? local.detectors : toset([])

  project = var.project_id
  role    = "roles/cloudscheduler.viewer"
  member  = google_service_account.runtime.member
}

# --- What starts jobs ----------------------------------------------------------------------------------------------

resource "google_pubsub_topic_iam_member" "trigger" {
  for_each = toset(values(local.trigger_topics))

  topic  = local.topics[each.key]
  role   = "roles/pubsub.publisher"
  member = google_service_account.runtime.member
}

resource "google_cloud_run_service_iam_member" "target" {
  for_each = var.target_services

  project  = coalesce(each.value.project, var.project_id)
  location = each.value.region
  service  = each.value.service
  role     = "roles/run.invoker"
  member   = google_service_account.runtime.member
}

# --- Who may call a function: on its Cloud Run service, these two and nobody else -----------------------------------

resource "google_cloud_run_service_iam_member" "scheduler" {
  for_each = google_cloudfunctions2_function.transition

  project  = var.project_id
  location = local.region
  service  = each.value.name
  role     = "roles/run.invoker"
  member   = google_service_account.scheduler.member
}

resource "google_cloud_run_service_iam_member" "push" {
  for_each = google_cloudfunctions2_function.transition

  project  = var.project_id
  location = local.region
  service  = each.value.name
  role     = "roles/run.invoker"
  member   = google_service_account.push.member
}

# --- Secrets -------------------------------------------------------------------------------------------------------

resource "google_secret_manager_secret_iam_member" "runtime" {
  for_each = var.secrets

  project   = coalesce(each.value.project, var.project_id)
  secret_id = each.value.secret
  role      = "roles/secretmanager.secretAccessor"
  member    = google_service_account.runtime.member
}
