resource "google_monitoring_notification_channel" "email" {
  for_each = var.alert_emails

  project      = var.project_id
  display_name = "gapheal ${local.name}: ${each.key}"
  type         = "email"
  labels       = { email_address = each.key }

  depends_on = [time_sleep.enabled]
}

locals {
  channels = concat([for channel in google_monitoring_notification_channel.email : channel.id], tolist(var.notification_channels))

  # Of the whole pipeline; each incident names its transition. Gaps count where gapheal may heal: while it only
  # observes they are the normal thing.
  alerts = {
    gaps_open = {
      says    = "gaps stay open"
      query   = "${local.last_seen.gaps} > 0"
      seconds = 12 * 3600
      help    = "A gap normally heals within an hour or two. `gapheal status` says which stay open, `gapheal explain TRANSITION DATE` why."
    }
    stalled = {
      says    = "triggers bring nothing"
      query   = "${local.last_seen.stalled} > 0"
      seconds = 0
      help    = "All attempts for a date are used up, and its rows did not come. Mend the job, then `gapheal retry TRANSITION DATE`; if the date is right as it is, `gapheal accept TRANSITION DATE`."
    }
    held = {
      says    = "gaps wait for a person"
      query   = "${local.last_seen.held} > 0"
      seconds = 0
      help    = "Too old to be healed unasked, or most of a table is gone at once. `gapheal plan` says why; `gapheal retry` heals, `gapheal accept` leaves it so."
    }
    breaker = {
      says    = "the breaker is open"
      query   = "sum by (transition) (increase(${local.series.breaker}{${local.of_functions}}[70m])) > 0"
      seconds = 0
      help    = "Several triggers in a row brought nothing: look whether anything listens to the topic or URL (`gapheal status` names it) and writes. Once it does, one probe closes the breaker by itself; `gapheal retry` is quicker."
    }
    errors = {
      says    = "requests fail"
      query   = "sum by (service_name) (increase(${local.series.errors}{${local.of_functions}}[1h])) > 2"
      seconds = 0
      help    = "The functions' log lines of severity ERROR say what was expected and found. Nothing is triggered while a table cannot be read."
    }
    unanswered = {
      says    = "scheduled calls fail"
      query   = "sum by (job_id) (increase(${local.series.unanswered}{monitored_resource=\"cloud_scheduler_job\"}[1h])) > 2"
      seconds = 0
      help    = "`gapheal schedule list` says what the last call came to. 403: the scheduler's account lost roles/run.invoker; apply Terraform again. 404: the functions' ingress shuts Scheduler out."
    }
    dead_letters = {
      says    = "events could not be delivered"
      query   = "sum by (subscription_id) (pubsub_googleapis_com:subscription_num_undelivered_messages{monitored_resource=\"pubsub_subscription\",subscription_id=~\"${local.name}-.*-dead\"}) > 0"
      seconds = 0
      help    = "No date is lost by this: scans look at the rows. The messages wait a month in the subscription that ends in -dead; pull them to see what failed, then acknowledge them."
    }
    slow_passes = {
      says    = "a pass used more than half its deadline"
      query   = "sum by (transition) (increase(${local.series.slow_passes}{${local.of_functions}}[1h])) > 0"
      seconds = 0
      help    = "Set `scan_days`, so that the hourly scan looks at less, or find out what slows its query."
    }
  }

  # Of one transition, or of the detector, and worth waking somebody.
  pages = merge(
    { for name in keys(local.transitions) : "${name}/no_scan" => {
      says = "no successful scan of ${name}"
      # Also where there never was one: the job deleted or paused, no permission, a function that does not start.
      query = join(" or ", [
        "sum(increase(${local.series.scans}{${local.of_functions},transition=\"${name}\"}[2h])) < 1",
        "absent_over_time(${local.series.scans}{${local.of_functions},transition=\"${name}\"}[2h])",
      ])
      seconds = 5400
      help    = "Nobody watches this transition. `gapheal schedule list` says whether its job is there and what it was answered; the function's log says the rest."
    } },
    { for name, step in local.transitions : "${name}/many_gaps" => {
      says    = "more than ${step.policy.page_above} gaps in ${name}"
      query   = "max(${replace(local.last_seen.gaps, "mode=\"heal\"", "mode=\"heal\",transition=\"${name}\"")}) > ${step.policy.page_above}"
      seconds = 3600
      help    = "More than `page_above` in the pipeline file. A rebuilt or truncated table? `gapheal plan` shows the runs of dates, and mode `paused` stops all triggers."
    } },
    # Who watches the watcher. A window of two hours that stays empty for 23: the first digest may take a day to come,
    # and what a query looks back and how long it must hold may together be 25 hours. On the day that has 25, as clocks
    # go back, it may page once; the digest closes it.
    { for name in local.detectors : "${name}/no_digest" => {
      says = "no daily sweep"
      query = join(" or ", [
        "sum(increase(${local.series.digests}{${local.of_functions}}[2h])) < 1",
        "absent_over_time(${local.series.digests}{${local.of_functions}}[2h])",
      ])
      seconds = 82800
      help    = "Nothing has swept the whole history for a day, and nobody tells of it: what is older than `scan_days` is not looked at. `gapheal schedule list` says whether the detector's job is there and what it was answered; `gapheal sweep` is the same by hand."
    } },
  )
}

resource "google_monitoring_alert_policy" "alert" {
  for_each = local.alerts

  project               = var.project_id
  display_name          = "gapheal ${local.name}: ${each.value.says}"
  severity              = "WARNING"
  combiner              = "OR"
  user_labels           = local.labels
  notification_channels = local.channels

  conditions {
    display_name = each.value.says

    condition_prometheus_query_language {
      query                     = each.value.query
      duration                  = "${each.value.seconds}s"
      evaluation_interval       = "300s"
      alert_rule                = each.key
      disable_metric_validation = true # a metric is there once a first line was counted
    }
  }

  alert_strategy {
    auto_close = "86400s"
  }

  documentation {
    mime_type = "text/markdown"
    content   = each.value.help
  }

  depends_on = [google_logging_metric.counter, google_logging_metric.distribution]
}

resource "google_monitoring_alert_policy" "page" {
  for_each = local.pages

  project               = var.project_id
  display_name          = "gapheal ${local.name}: ${each.value.says}"
  severity              = "CRITICAL"
  combiner              = "OR"
  user_labels           = local.labels
  notification_channels = concat(local.channels, tolist(var.page_channels))

  conditions {
    display_name = each.value.says

    condition_prometheus_query_language {
      query                     = each.value.query
      duration                  = "${each.value.seconds}s"
      evaluation_interval       = "300s"
      alert_rule                = replace(each.key, "/[^A-Za-z0-9_]/", "_")
      disable_metric_validation = true
    }
  }

  alert_strategy {
    auto_close = "86400s"
  }

  documentation {
    mime_type = "text/markdown"
    content   = each.value.help
  }

  depends_on = [google_logging_metric.counter, google_logging_metric.distribution]
}
