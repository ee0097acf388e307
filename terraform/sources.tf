# What `make package` built. An object's name has its hash, so that code that changed is deployed and other is not.

resource "google_storage_bucket" "sources" {
  #checkov:skip=CKV_GCP_62:Holds packed code that only builds read; Cloud Audit Logs say who does
  project                     = var.project_id
  name                        = "gapheal-${var.project_id}-${local.short}"
  location                    = local.region
  labels                      = local.labels
  uniform_bucket_level_access = true
  public_access_prevention    = "enforced"
  force_destroy               = true # it holds nothing that `make package` does not make again

  versioning {
    enabled = true
  }

  lifecycle_rule {
    condition {
      days_since_noncurrent_time = 30
    }
    action {
      type = "Delete"
    }
  }

  depends_on = [time_sleep.enabled]
}

resource "google_storage_bucket_object" "source" {
  for_each = setunion(keys(local.functions), local.detectors)

  bucket = google_storage_bucket.sources.name
  name   = "${each.key}/${filesha256("${var.packages}/${each.key}.zip")}.zip"
  source = "${var.packages}/${each.key}.zip"

  lifecycle {
    # Where the zip lies is another folder on every machine, and its name says which bytes it has: a second object of one
    # name would be made, and the first one's removal take both.
    ignore_changes = [source]
  }
}
