locals {
  service_names = "^[a-z][a-z0-9-]{0,47}[a-z0-9]$" # of Cloud Run
  environment = merge(
    {
      GOOGLE_CLOUD_PROJECT     = var.project_id
      THREADED_TIMEOUT_ENABLED = "true" # the deadline ends the request's thread, not only the caller's wait
    },
    var.mode == null ? {} : { GAPHEAL_MODE = var.mode },
  )
}

resource "google_cloudfunctions2_function" "transition" {
  for_each = local.functions

  project     = var.project_id
  location    = local.region
  name        = each.value
  description = "gapheal keeps ${local.transitions[each.key].downstream} caught up with ${join(" and ", local.transitions[each.key].upstream)}"
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
    available_cpu                    = "1" # fewer do not serve several requests at once
    available_memory                 = var.memory
    timeout_seconds                  = var.timeout_seconds
    min_instance_count               = 0
    max_instance_count               = var.max_instances
    max_instance_request_concurrency = 4
    ingress_settings                 = var.ingress
    environment_variables            = local.environment

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
      condition     = local.file.project == null || local.file.project == var.project_id
      error_message = "The pipeline file is of project ${coalesce(local.file.project, "none")}, and project_id says ${var.project_id}: one ledger cannot be in both."
    }
    precondition {
      condition     = can(regex(local.service_names, each.value))
      error_message = "Cloud Run takes names of at most 49 letters that end in no hyphen, and ${each.value} has ${length(each.value)}: give the pipeline or the transition another name."
    }
  }

  # Everything that a request needs: a function that exists without it would only fail.
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
