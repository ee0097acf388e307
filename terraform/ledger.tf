# The ledger, from the definition that Python writes by: `make ledger` renews ledger.json, a test holds them together.

locals {
  ledger      = jsondecode(file("${path.module}/ledger.json"))
  ledger_name = "${var.project_id}.${local.file.ledger_dataset}"
}

resource "google_bigquery_dataset" "ledger" {
  #checkov:skip=CKV_GCP_81:Encrypted by Google's keys; a key of one's own is a policy of the organisation, not of this module
  project                    = var.project_id
  dataset_id                 = local.file.ledger_dataset
  location                   = local.file.location
  description                = "What gapheal saw, sent and was told, of pipeline ${local.name}. Rows are only ever added."
  labels                     = local.labels # by gapheal_pipeline, gapheal knows that it is its own
  delete_contents_on_destroy = false

  depends_on = [time_sleep.enabled]
}

# Apart from the ledger: its tables are locks that expire one by one, and deleting them all loses no history.
resource "google_bigquery_dataset" "claims" {
  #checkov:skip=CKV_GCP_81:Encrypted by Google's keys; a key of one's own is a policy of the organisation, not of this module
  project                    = var.project_id
  dataset_id                 = "${local.file.ledger_dataset}_claims"
  location                   = local.file.location
  description                = "gapheal's claims of pipeline ${local.name}: one empty table is one claim."
  labels                     = local.labels
  delete_contents_on_destroy = true

  depends_on = [time_sleep.enabled]
}

resource "google_bigquery_table" "ledger" {
  #checkov:skip=CKV_GCP_80:Encrypted by Google's keys; a key of one's own is a policy of the organisation, not of this module
  #checkov:skip=CKV_GCP_121:Protected by default; `make destroy` is refused until a person says otherwise
  for_each = local.ledger.tables

  project             = var.project_id
  dataset_id          = google_bigquery_dataset.ledger.dataset_id
  table_id            = each.key
  labels              = local.labels
  deletion_protection = var.deletion_protection
  clustering          = local.ledger.clustered_by
  schema              = jsonencode([for column in each.value : { name = column.name, type = column.type, mode = "NULLABLE" }])

  time_partitioning {
    type  = "DAY"
    field = local.ledger.partitioned_by
  }
}

resource "google_bigquery_table" "view" {
  #checkov:skip=CKV_GCP_80:A view holds nothing that could be encrypted
  #checkov:skip=CKV_GCP_121:A view holds nothing; a new release may replace it
  for_each = local.ledger.views

  project             = var.project_id
  dataset_id          = google_bigquery_dataset.ledger.dataset_id
  table_id            = each.key
  labels              = local.labels
  deletion_protection = false # it holds nothing

  view {
    query          = replace(each.value, "$${ledger}", local.ledger_name)
    use_legacy_sql = false
  }

  depends_on = [google_bigquery_table.ledger]
}
