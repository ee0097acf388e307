# The gap_detector: a daily sweep of every transition, the healer's own health, one digest; its pages show it all.

locals {
  detector_timeout_seconds = 1740 # every transition in turn; Scheduler waits for 30 minutes at most
}

resource "google_cloudfunctions2_function" "detector" {
  #checkov:skip=CKV_GCP_124:Open to the outside only for the named viewers of its pages; IAM asks everybody who they are
  for_each = local.detectors

  project     = var.project_id
  location    = local.region
  name        = "${local.name}-${replace(each.key, "_", "-")}"
  description = "gapheal sweeps every transition of ${local.name} daily, and tells what it found"
  labels      = local.labels

  build_config {
    runtime         = var.runtime
    entry_point     = "handle"
    service_account = "projects/${var.project_id}/serviceAccounts/${local.builder}"

    source {
      storage_source {
        bucket = google_storage_bucket.sources.name
        object = google_storage_bucket_object.source[each.key].name
      }
    }
  }

  service_config {
    service_account_email            = google_service_account.runtime.email
    available_cpu                    = "1"
    available_memory                 = var.memory
    timeout_seconds                  = local.detector_timeout_seconds
    min_instance_count               = 0
    max_instance_count               = 2
    max_instance_request_concurrency = 8
    ingress_settings                 = length(var.dashboard_viewers) == 0 ? var.ingress : "ALLOW_ALL" # people come from outside
    environment_variables            = merge(local.environment, { GAPHEAL_REGION = local.region })    # where the jobs are

    dynamic "secret_environment_variables" {
      for_each = var.secrets
      iterator = variable

      content {
        key        = variable.key
        project_id = coalesce(variable.value.project, var.project_id)
        secret     = variable.value.secret
        version    = variable.value.version
      }
    }
  }

  lifecycle {
    precondition {
      condition     = can(regex(local.service_names, "${local.name}-${replace(each.key, "_", "-")}"))
      error_message = "Cloud Run takes names of at most 49 letters: a pipeline with a detector has a name of at most 36, and ${local.name} has ${length(local.name)}."
    }
  }

  depends_on = [
    google_bigquery_dataset_iam_member.claims,
    google_bigquery_dataset_iam_member.ledger,
    google_bigquery_dataset_iam_member.reader,
    google_bigquery_table.ledger,
    google_project_iam_member.jobs,
    google_pubsub_topic_iam_member.trigger,
    time_sleep.granted,
  ]
}

resource "google_cloud_scheduler_job" "detector" {
  for_each = google_cloudfunctions2_function.detector

  project          = var.project_id
  region           = local.region
  name             = each.value.name
  description      = "gapheal: sweeps every transition, once a day"
  schedule         = "0 ${var.sweep_hour} * * *"
  time_zone        = local.file.timezone
  attempt_deadline = "1800s"

  http_target {
    http_method = "POST"
    uri         = each.value.service_config[0].uri
    headers     = local.scheduler_headers
    body        = base64encode(jsonencode(local.scheduler_bodies.sweep))

    oidc_token {
      service_account_email = google_service_account.scheduler.email
      audience              = each.value.service_config[0].uri
    }
  }

  retry_config {
    retry_count          = 1
    min_backoff_duration = "60s"
  }

  depends_on = [google_cloud_run_service_iam_member.detector]
}

resource "google_cloud_run_service_iam_member" "detector" {
  for_each = merge(
    { for name in local.detectors : "${name}/scheduler" => { detector = name, member = google_service_account.scheduler.member } },
    { for pair in setproduct(local.detectors, var.dashboard_viewers) : join("/", pair) => { detector = pair[0], member = pair[1] } },
  )

  project  = var.project_id
  location = local.region
  service  = google_cloudfunctions2_function.detector[each.value.detector].name
  role     = "roles/run.invoker"
  member   = each.value.member
}
