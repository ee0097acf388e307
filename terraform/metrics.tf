# Counted from the functions' log lines, one line for each request, and in a sweep for each transition (gapheal.logs).

locals {
  # By its label a line is this pipeline's, whatever the others in the project are called. Lines of the platform, and of
  # a function that cannot read its file, have none: there the service's name has to do.
  services_filter = "resource.type=\"cloud_run_revision\" AND labels.pipeline=\"${local.name}\""
  errors_filter   = "resource.type=\"cloud_run_revision\" AND severity>=ERROR AND (labels.pipeline=\"${local.name}\" OR (resource.labels.service_name=~\"^${local.name}-\" AND NOT labels.pipeline:*))"
  passes_filter   = "${local.services_filter} AND jsonPayload.status=200 AND jsonPayload.dry_run=false"
  scans_filter    = "${local.passes_filter} AND jsonPayload.source=(\"scan\" OR \"sweep\")" # these look at everything

  # Log lines that are counted.
  counters = {
    scans       = { filter = "${local.passes_filter} AND jsonPayload.source=\"scan\"", labels = ["transition"], description = "Scans that were answered well; a daily sweep is no heartbeat" }
    breaker     = { filter = "${local.passes_filter} AND jsonPayload.breaker=\"open\"", labels = ["transition"], description = "Passes that found their breaker open" }
    slow_passes = { filter = "${local.passes_filter} AND jsonPayload.duration_ms>${var.timeout_seconds * 500}", labels = ["transition"], description = "Passes that took more than half their deadline" }
    digests     = { filter = "${local.passes_filter} AND jsonPayload.digest.findings>=0", labels = [], description = "Sweeps of the whole pipeline that were answered well" }
    errors      = { filter = local.errors_filter, labels = [], description = "Requests that failed, and crashes" }
    unanswered  = { filter = "resource.type=\"cloud_scheduler_job\" AND resource.labels.job_id=~\"^${local.name}-\" AND severity>=ERROR", labels = [], description = "Scheduled calls that were not answered well" }
  }

  # Numbers that are read from them.
  distributions = {
    gaps          = { filter = local.scans_filter, value = "gaps_found", unit = "1", description = "Open gaps that a scan or sweep found" }
    held          = { filter = local.scans_filter, value = "actions.held", unit = "1", description = "Gaps that wait for a person" }
    stalled       = { filter = local.scans_filter, value = "actions.stalled", unit = "1", description = "Gaps whose attempts are used up" }
    triggered     = { filter = local.passes_filter, value = "triggered", unit = "1", description = "Dates that a pass triggered" }
    pass_duration = { filter = "${local.passes_filter} AND jsonPayload.duration_ms>0", value = "duration_ms", unit = "ms", description = "How long a pass took" }
  }
}

resource "google_logging_metric" "counter" {
  for_each = local.counters

  project     = var.project_id
  name        = "gapheal-${local.name}-${each.key}"
  description = each.value.description
  filter      = each.value.filter

  metric_descriptor {
    metric_kind = "DELTA"
    value_type  = "INT64"

    dynamic "labels" {
      for_each = each.value.labels

      content {
        key        = labels.value
        value_type = "STRING"
      }
    }
  }

  label_extractors = { for label in each.value.labels : label => "EXTRACT(jsonPayload.${label})" }

  depends_on = [time_sleep.enabled]
}

resource "google_logging_metric" "distribution" {
  for_each = local.distributions

  project         = var.project_id
  name            = "gapheal-${local.name}-${each.key}"
  description     = each.value.description
  filter          = each.value.filter
  value_extractor = "EXTRACT(jsonPayload.${each.value.value})"

  metric_descriptor {
    metric_kind = "DELTA"
    value_type  = "DISTRIBUTION"
    unit        = each.value.unit

    labels {
      key        = "transition"
      value_type = "STRING"
    }
    labels {
      key        = "mode"
      value_type = "STRING"
    }
  }

  label_extractors = {
    transition = "EXTRACT(jsonPayload.transition)"
    mode       = "EXTRACT(jsonPayload.mode)"
  }

  bucket_options {
    exponential_buckets {
      num_finite_buckets = 24
      growth_factor      = 2
      scale              = 0.5
    }
  }

  depends_on = [time_sleep.enabled]
}

# --- The same, as PromQL names them ---------------------------------------------------------------------------------

locals {
  series = {
    for metric in concat(keys(local.counters), keys(local.distributions)) :
    metric => "logging_googleapis_com:user_gapheal_${replace("${local.name}-${metric}", "-", "_")}"
  }
  of_functions = "monitored_resource=\"cloud_run_revision\""

  # What the last scan saw, as a mean over the last hour and a little more: a scan may come late.
  last_seen = {
    for metric in keys(local.distributions) : metric => join(" / ", [
      for part in ["sum", "count"] : "sum by (transition) (increase(${local.series[metric]}_${part}{${local.of_functions},mode=\"heal\"}[70m]))"
    ])
  }
}
