# What the pipeline file says, in the form that `gapheal validate --resolved` writes: the only source of names and
# defaults. A new transition is one stanza there; everything here is for_each over it.

locals {
  file        = jsondecode(file("${var.packages}/pipeline.json"))
  name        = local.file.pipeline
  transitions = local.file.transitions
  region      = coalesce(var.region, lower(local.file.location))
  labels      = merge(var.labels, { gapheal_pipeline = local.name })

  # `gapheal.scheduler.job_id` knows the jobs by this, with -scan or -sweep behind it.
  functions = { for transition in keys(local.transitions) : transition => "${local.name}-${replace(transition, "_", "-")}" }

  # The detector is there once it is packaged. It sweeps every transition, which then needs no sweep of its own.
  detectors = toset([for name in ["gap_detector"] : name if fileexists("${var.packages}/${name}.zip")])

  # Service accounts and buckets have short names.
  short = length(local.name) <= 19 ? local.name : "${substr(local.name, 0, 14)}-${substr(sha1(local.name), 0, 4)}"
}

# --- Order ---------------------------------------------------------------------------------------------------------

locals {
  # Which transitions come before each one: two steps back, then four, eight, sixteen.
  before_1  = { for name, step in local.transitions : name => [for other, each in local.transitions : other if contains(step.upstream, each.downstream)] }
  before_2  = { for name, near in local.before_1 : name => distinct(concat(near, [for other in near : local.before_1[other]]...)) }
  before_4  = { for name, near in local.before_2 : name => distinct(concat(near, [for other in near : local.before_2[other]]...)) }
  before_8  = { for name, near in local.before_4 : name => distinct(concat(near, [for other in near : local.before_4[other]]...)) }
  before_16 = { for name, near in local.before_8 : name => distinct(concat(near, [for other in near : local.before_8[other]]...)) }

  # One that has more before it comes later in the hour. What comes after it moves no other.
  scan_minutes = { for name, before in local.before_16 : name => (var.first_scan_minute + var.scan_spacing_minutes * length(before)) % 60 }
}

# --- Topics --------------------------------------------------------------------------------------------------------

locals {
  completion_topics = { for name, phase in local.file.phases : name => phase.completion_topic if phase.completion_topic != null }
  trigger_topics    = { for name, step in local.transitions : name => step.trigger.pubsub.topic if step.trigger.pubsub != null }
  named_topics      = toset(concat(values(local.completion_topics), values(local.trigger_topics)))
  created_topics    = toset([for topic in local.named_topics : topic if !startswith(topic, "projects/") && !contains(var.existing_topics, topic)])

  topics = {
    for topic in local.named_topics : topic =>
    startswith(topic, "projects/") ? topic :
    contains(local.created_topics, topic) ? google_pubsub_topic.named[topic].id :
    "projects/${var.project_id}/topics/${topic}"
  }

  # Whose news a transition hears: of what it reads, and of what it fills (room is free when that is done). Where
  # several of these phases announce on one topic, one subscription hears them all.
  heard = merge([
    for name, step in local.transitions : {
      for topic, phases in {
        for phase in concat(step.upstream, [step.downstream]) : local.completion_topics[phase] => phase... if contains(keys(local.completion_topics), phase)
        } : "${name}/${phases[0]}" => {
        transition = name
        phase      = phases[0]
        topic      = topic
      }
    }
  ]...)
}

# --- Tables and targets --------------------------------------------------------------------------------------------

locals {
  tables = flatten([
    for phase in values(local.file.phases) : concat(phase.tables[*].table, phase.expected == null ? [] : [phase.expected.table])
  ])

  # project.dataset; a project may have dots in it, a dataset and a table never.
  datasets = toset(concat(
    [for table in local.tables : join(".", [coalesce(regex("^(?:(.+)\\.)?([^.]+)\\.([^.]+)$", table)[0], var.project_id), regex("^(?:(.+)\\.)?([^.]+)\\.([^.]+)$", table)[1]])],
    tolist(var.read_datasets),
  ))

  http_transitions = [for name, step in local.transitions : name if step.trigger.http != null]
}
