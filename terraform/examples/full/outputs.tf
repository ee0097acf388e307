output "gapheal" {
  description = "Where everything is."
  value       = module.pipeline
}
