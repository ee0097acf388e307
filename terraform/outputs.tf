output "functions" {
  description = "URL of each transition's function."
  value       = { for name, function in google_cloudfunctions2_function.transition : name => function.service_config[0].uri }
}

output "detector" {
  description = "URL of the gap_detector and its pages; null where it is not packaged."
  value       = one([for function in google_cloudfunctions2_function.detector : function.service_config[0].uri])
}

output "trigger_topics" {
  description = "Topic that each transition publishes to. Your job subscribes to it: publishing to a topic without a subscription succeeds, and nobody hears it."
  value       = { for name, topic in local.trigger_topics : name => local.topics[topic] }
}

output "completion_topics" {
  description = "Topic that each phase announces its finished dates to. Your jobs publish there."
  value       = { for phase, topic in local.completion_topics : phase => local.topics[topic] }
}

output "jobs" {
  description = "Cloud Scheduler's jobs and when they run, in the pipeline's time zone."
  value = merge(
    { for job in google_cloud_scheduler_job.pass : job.name => job.schedule },
    { for job in google_cloud_scheduler_job.detector : job.name => job.schedule },
  )
}

output "accounts" {
  description = "Service accounts: who runs passes, who asks, who brings events. A service that is called over HTTP must let `runtime` in."
  value = {
    runtime   = google_service_account.runtime.email
    scheduler = google_service_account.scheduler.email
    push      = google_service_account.push.email
    build     = local.builder
  }
}

output "ledger" {
  description = "The ledger's dataset."
  value       = local.ledger_name
}

output "dead_letters" {
  description = "Subscriptions that keep what could not be delivered."
  value       = { for name, subscription in google_pubsub_subscription.dead : name => subscription.id }
}

output "dashboard" {
  description = "The dashboard in Cloud Monitoring."
  value       = "https://console.cloud.google.com/monitoring/dashboards/builder/${basename(google_monitoring_dashboard.pipeline.id)}?project=${var.project_id}"
}
