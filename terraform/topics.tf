# Topics that the pipeline file names and nobody made yet. Triggers are for your jobs: subscribe them (see the outputs).

resource "google_pubsub_topic" "named" {
  #checkov:skip=CKV_GCP_83:Encrypted by Google's keys; a key of one's own is a policy of the organisation, not of this module
  for_each = local.created_topics

  project = var.project_id
  name    = each.key
  labels  = local.labels

  depends_on = [time_sleep.enabled]
}

# --- Dead letters: events that a function failed to take, time after time -------------------------------------------

resource "google_pubsub_topic" "dead" {
  #checkov:skip=CKV_GCP_83:Encrypted by Google's keys; a key of one's own is a policy of the organisation, not of this module
  for_each = local.functions

  project = var.project_id
  name    = "${each.value}-dead"
  labels  = local.labels

  depends_on = [time_sleep.enabled]
}

# Without a reader they would be gone; this one keeps them for a month, and an alert counts them.
resource "google_pubsub_subscription" "dead" {
  for_each = local.functions

  project                    = var.project_id
  name                       = "${each.value}-dead"
  topic                      = google_pubsub_topic.dead[each.key].id
  labels                     = local.labels
  ack_deadline_seconds       = 600
  message_retention_duration = "2678400s" # 31 days, the most there is

  expiration_policy {
    ttl = "" # never
  }
}
