locals {
  scheduler_headers = { "Content-Type" = "application/json" }
  scheduler_bodies = {
    scan  = { scan_for_gaps = true }
    sweep = { scan_for_gaps = true, sweep = true }
  }

  jobs = merge(
    { for name, minute in local.scan_minutes : "${name}/scan" => {
      transition = name
      kind       = "scan"
      schedule   = "${minute} * * * *"
    } },
    { for name, minute in local.scan_minutes : "${name}/sweep" => {
      transition = name
      kind       = "sweep"
      schedule   = "${(minute + 30) % 60} ${var.sweep_hour} * * *" # half an hour from the scan
    } if length(local.detectors) == 0 },
  )
}

resource "google_cloud_scheduler_job" "pass" {
  for_each = local.jobs

  project          = var.project_id
  region           = local.region
  name             = "${local.functions[each.value.transition]}-${each.value.kind}" # as gapheal.scheduler.job_id
  description      = "gapheal: asks ${each.value.transition} for a ${each.value.kind}"
  schedule         = each.value.schedule
  time_zone        = local.file.timezone
  attempt_deadline = "${var.timeout_seconds + 60}s" # the function gives up first: no retry beside a pass that still runs

  http_target {
    http_method = "POST"
    uri         = google_cloudfunctions2_function.transition[each.value.transition].service_config[0].uri
    headers     = local.scheduler_headers
    body        = base64encode(jsonencode(local.scheduler_bodies[each.value.kind]))

    oidc_token {
      service_account_email = google_service_account.scheduler.email
      audience              = google_cloudfunctions2_function.transition[each.value.transition].service_config[0].uri
    }
  }

  # A service that was down for a moment; anything longer is the next hour's.
  retry_config {
    retry_count          = 2
    min_backoff_duration = "30s"
    max_backoff_duration = "300s"
    max_doublings        = 3
  }

  # `paused` is not said: a person's `gapheal schedule pause` outlives the next apply.
  depends_on = [google_cloud_run_service_iam_member.scheduler]
}
