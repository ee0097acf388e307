variable "project_id" {
  description = "The Google Cloud project."
  type        = string
}

variable "packages" {
  description = "The folder that `make package` writes, as an absolute path."
  type        = string
}

variable "mode" {
  description = "The highest mode of all functions, as the module has it."
  type        = string
  default     = null
}

variable "deletion_protection" {
  description = "Whether the ledger's tables cannot be deleted."
  type        = bool
  default     = true
}

variable "page_channels" {
  description = "Notification channels that wake somebody, such as PagerDuty's."
  type        = set(string)
  default     = []
}
