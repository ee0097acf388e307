variable "project_id" {
  description = "The Google Cloud project that everything is created in."
  type        = string
  nullable    = false

  validation {
    condition     = can(regex("^[a-z][a-z0-9-]{4,28}[a-z0-9]$", var.project_id))
    error_message = "Expected a project id such as my-project-1: 6 to 30 lower-case letters, digits and hyphens."
  }
}

variable "packages" {
  description = "The folder that `make package` writes: pipeline.json and one zip for each function."
  type        = string
  nullable    = false

  validation {
    condition     = fileexists("${var.packages}/pipeline.json")
    error_message = "Expected a folder with pipeline.json in it; `make package` makes dist/."
  }
}

variable "region" {
  description = "Region of functions, jobs and sources. By default the pipeline's location, if that is a region."
  type        = string
  default     = null

  validation {
    condition     = !contains(["us", "eu"], coalesce(var.region, lower(local.file.location)))
    error_message = "The pipeline's location is a multi-region, which holds data but runs no function: name a region in it, such as us-central1 or europe-west1."
  }
}

variable "existing_topics" {
  description = "Topics of the pipeline file that are there already and stay somebody else's. All others are created; one named with its project is never created."
  type        = set(string)
  default     = []
  nullable    = false

  validation {
    condition     = length(setsubtract(var.existing_topics, local.named_topics)) == 0
    error_message = "Expected topics that the pipeline file names. It does not name: ${join(", ", setsubtract(var.existing_topics, local.named_topics))}."
  }
}

variable "mode" {
  description = "The highest mode of all functions (paused, observe, heal): the emergency brake. null leaves it to each transition's policy."
  type        = string
  default     = null

  validation {
    condition     = var.mode == null ? true : contains(["paused", "observe", "heal"], var.mode)
    error_message = "Expected paused, observe or heal."
  }
}

variable "runtime" {
  description = "Python runtime of the functions."
  type        = string
  default     = "python313"
  nullable    = false

  validation {
    condition     = can(regex("^python3(1[1-9]|[2-9][0-9])$", var.runtime))
    error_message = "Expected python311 or newer."
  }
}

variable "memory" {
  description = "Memory of an instance."
  type        = string
  default     = "512Mi"
  nullable    = false

  validation {
    condition     = can(regex("^[0-9]+(Mi|Gi)$", var.memory))
    error_message = "Expected a quantity such as 512Mi or 1Gi."
  }
}

variable "timeout_seconds" {
  description = "Deadline of one request. A pass stops claiming after 240 s and then needs time to record."
  type        = number
  default     = 540
  nullable    = false

  validation {
    condition     = var.timeout_seconds >= 480 && var.timeout_seconds <= 540
    error_message = "Expected 480 to 540 seconds: a pass has 240 s, one query 120 s, and Pub/Sub waits 600 s for the answer."
  }
}

variable "max_instances" {
  description = "Most instances of one function. Few are enough: room is counted for a transition, not for an instance."
  type        = number
  default     = 3
  nullable    = false

  validation {
    condition     = var.max_instances >= 1 && var.max_instances <= 20
    error_message = "Expected 1 to 20."
  }
}

variable "ingress" {
  description = "Who reaches the functions at all, before any permission is asked. Scheduler and Pub/Sub of this project count as internal."
  type        = string
  default     = "ALLOW_INTERNAL_ONLY"
  nullable    = false

  validation {
    condition     = contains(["ALLOW_ALL", "ALLOW_INTERNAL_ONLY", "ALLOW_INTERNAL_AND_GCLB"], var.ingress)
    error_message = "Expected ALLOW_ALL, ALLOW_INTERNAL_ONLY or ALLOW_INTERNAL_AND_GCLB."
  }
}

variable "labels" {
  description = "Labels for everything that takes labels, beside gapheal_pipeline."
  type        = map(string)
  default     = {}
  nullable    = false

  validation {
    condition     = !contains(keys(var.labels), "gapheal_pipeline")
    error_message = "gapheal_pipeline is set by the module: by it, a ledger knows its pipeline."
  }
}

variable "secrets" {
  description = "Secrets of Secret Manager that the functions get as environment variables, e.g. {GAPHEAL_ALERT_URLS = {secret = \"alert-urls\", version = \"1\"}}. They exist already: their values never pass through Terraform."
  type = map(object({
    secret  = string
    version = string
    project = optional(string)
  }))
  default  = {}
  nullable = false

  validation {
    condition     = alltrue([for secret in values(var.secrets) : can(regex("^[1-9][0-9]*$", secret.version))])
    error_message = "Expected a version's number: what a running instance has must not depend on when it started, as with \"latest\"."
  }
}

variable "target_services" {
  description = "Cloud Run services that transitions call over HTTP, by transition: gapheal may then invoke them. Other targets check the caller themselves."
  type = map(object({
    service = string
    region  = string
    project = optional(string)
  }))
  default  = {}
  nullable = false

  validation {
    condition     = alltrue([for name in keys(var.target_services) : contains(local.http_transitions, name)])
    error_message = "Expected transitions with an HTTP target: ${join(", ", local.http_transitions)}."
  }
}

variable "read_datasets" {
  description = "Datasets that gapheal must read beside those of the file's tables, as project.dataset: what a view of the file is made from."
  type        = set(string)
  default     = []
  nullable    = false

  validation {
    condition     = alltrue([for name in var.read_datasets : can(regex("^[^.]+\\.[A-Za-z0-9_]+$", name))])
    error_message = "Expected project.dataset."
  }
}

variable "first_scan_minute" {
  description = "Minute of the hour in which the first transition is scanned."
  type        = number
  default     = 5
  nullable    = false

  validation {
    condition     = var.first_scan_minute >= 0 && var.first_scan_minute <= 59 && floor(var.first_scan_minute) == var.first_scan_minute
    error_message = "Expected a minute, 0 to 59."
  }
}

variable "scan_spacing_minutes" {
  description = "Minutes between a transition's scan and the next one's, so that one hour carries a date through all phases."
  type        = number
  default     = 9
  nullable    = false

  validation {
    condition     = var.scan_spacing_minutes >= 1 && var.scan_spacing_minutes <= 30 && floor(var.scan_spacing_minutes) == var.scan_spacing_minutes
    error_message = "Expected 1 to 30 whole minutes."
  }
}

variable "sweep_hour" {
  description = "Hour of the daily sweep, in the pipeline's time zone."
  type        = number
  default     = 6
  nullable    = false

  validation {
    condition     = var.sweep_hour >= 0 && var.sweep_hour <= 23 && floor(var.sweep_hour) == var.sweep_hour
    error_message = "Expected an hour, 0 to 23."
  }
}

variable "watch_schedule" {
  description = "Whether the gap_detector may see Cloud Scheduler's jobs (roles/cloudscheduler.viewer on the project), and so tell of those that are paused, absent or failing."
  type        = bool
  default     = true
  nullable    = false
}

variable "dashboard_viewers" {
  description = "Who may open the gap_detector's pages, as IAM members (group:team@example.com)."
  type        = set(string)
  default     = []
  nullable    = false

  validation {
    condition     = alltrue([for member in var.dashboard_viewers : can(regex("^(user|group|domain|serviceAccount):", member))])
    error_message = "Expected user:, group:, domain: or serviceAccount:. Nothing of gapheal is open to allUsers."
  }
}

variable "alert_emails" {
  description = "Mail addresses that every alert goes to."
  type        = set(string)
  default     = []
  nullable    = false

  validation {
    condition     = alltrue([for address in var.alert_emails : can(regex("^[^@\\s]+@[^@\\s]+$", address))])
    error_message = "Expected mail addresses."
  }
}

variable "notification_channels" {
  description = "Ids of notification channels that every alert goes to (projects/…/notificationChannels/…)."
  type        = set(string)
  default     = []
  nullable    = false
}

variable "page_channels" {
  description = "Ids of notification channels that only alerts go to that should wake somebody."
  type        = set(string)
  default     = []
  nullable    = false
}

variable "old_pubsub_agent" {
  description = "Whether Pub/Sub was first used in this project before 9 April 2021: its agent then needs leave to make tokens."
  type        = bool
  default     = false
  nullable    = false
}

variable "build_account" {
  description = "E-mail of a service account that builds the functions. null creates one."
  type        = string
  default     = null
}

variable "deletion_protection" {
  description = "Whether Terraform refuses to delete the ledger's tables, in which all history is."
  type        = bool
  default     = true
  nullable    = false
}
