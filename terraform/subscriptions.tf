# Each transition hears of finished dates upstream, and of those downstream: then there is room for more.

resource "google_pubsub_subscription" "event" {
  for_each = local.heard

  project                    = var.project_id
  name                       = "${local.functions[each.value.transition]}-on-${each.value.phase}"
  topic                      = local.topics[each.value.topic]
  labels                     = local.labels
  ack_deadline_seconds       = 600       # of a push: how long its answer is waited for
  message_retention_duration = "604800s" # seven days

  expiration_policy {
    ttl = "" # by default a subscription is deleted after 31 quiet days: an off-season is longer
  }

  retry_policy {
    minimum_backoff = "10s"
    maximum_backoff = "600s"
  }

  push_config {
    push_endpoint = google_cloudfunctions2_function.transition[each.value.transition].service_config[0].uri

    oidc_token {
      service_account_email = google_service_account.push.email
      audience              = google_cloudfunctions2_function.transition[each.value.transition].service_config[0].uri
    }
  }

  dead_letter_policy {
    dead_letter_topic     = google_pubsub_topic.dead[each.value.transition].id
    max_delivery_attempts = 20 # two to three hours: whatever is down longer, the next scans mend
  }

  depends_on = [
    google_cloud_run_service_iam_member.push,
    google_pubsub_topic_iam_member.dead,
  ]
}

# --- What Pub/Sub's own agent needs to move dead letters ------------------------------------------------------------

locals {
  pubsub_agent = "serviceAccount:service-${data.google_project.project.number}@gcp-sa-pubsub.iam.gserviceaccount.com"
}

resource "google_pubsub_topic_iam_member" "dead" {
  for_each = local.functions

  project = var.project_id
  topic   = google_pubsub_topic.dead[each.key].name
  role    = "roles/pubsub.publisher"
  member  = local.pubsub_agent
}

resource "google_pubsub_subscription_iam_member" "dead" {
  for_each = local.heard

  project      = var.project_id
  subscription = google_pubsub_subscription.event[each.key].name
  role         = "roles/pubsub.subscriber"
  member       = local.pubsub_agent
}
