locals {
  # Every line is one transition, so a new one is there without a change.
  charts = [
    { title = "Open gaps, as the last scan saw them", query = join(" / ", [for part in ["sum", "count"] : "sum by (transition) (increase(${local.series.gaps}_${part}{${local.of_functions}}[70m]))"]) },
    { title = "Dates triggered in an hour", query = "sum by (transition) (increase(${local.series.triggered}_sum{${local.of_functions}}[1h]))" },
    { title = "Gaps that wait for a person", query = join(" / ", [for part in ["sum", "count"] : "sum by (transition) (increase(${local.series.held}_${part}{${local.of_functions}}[70m]))"]) },
    { title = "Gaps whose attempts are used up", query = join(" / ", [for part in ["sum", "count"] : "sum by (transition) (increase(${local.series.stalled}_${part}{${local.of_functions}}[70m]))"]) },
    { title = "Scans answered in an hour", query = "sum by (transition) (increase(${local.series.scans}{${local.of_functions}}[1h]))" },
    { title = "Slowest passes (95 of 100 are quicker), ms", query = "histogram_quantile(0.95, sum by (le, transition) (increase(${local.series.pass_duration}_bucket{${local.of_functions}}[1h])))" },
    { title = "Failed requests in an hour", query = "sum by (service_name) (increase(${local.series.errors}{${local.of_functions}}[1h]))" },
    { title = "Passes that found the breaker open, in an hour", query = "sum by (transition) (increase(${local.series.breaker}{${local.of_functions}}[1h]))" },
    { title = "Events that wait for delivery", query = "sum by (subscription_id) (pubsub_googleapis_com:subscription_num_undelivered_messages{monitored_resource=\"pubsub_subscription\",subscription_id=~\"${local.name}-.*-on-.*\"})" },
    { title = "Events that could not be delivered", query = "sum by (subscription_id) (pubsub_googleapis_com:subscription_num_undelivered_messages{monitored_resource=\"pubsub_subscription\",subscription_id=~\"${local.name}-.*-dead\"})" },
  ]
}

resource "google_monitoring_dashboard" "pipeline" {
  project = var.project_id

  dashboard_json = jsonencode({
    displayName = "gapheal ${local.name}"
    labels      = { gapheal_pipeline = local.name }
    mosaicLayout = {
      columns = 48
      tiles = [
        for place, chart in local.charts : {
          xPos   = 24 * (place % 2)
          yPos   = 16 * floor(place / 2)
          width  = 24
          height = 16
          widget = {
            title = chart.title
            xyChart = {
              dataSets = [{
                plotType        = "LINE"
                timeSeriesQuery = { prometheusQuery = chart.query }
              }]
            }
          }
        }
      ]
    }
  })

  depends_on = [google_logging_metric.counter, google_logging_metric.distribution]
}
