# What the registry says, as names of places at Google. No provider: a test compares it with the package's own names.

terraform {
  required_version = ">= 1.5"
}

variable "registry" {
  description = "The registry, decoded."
  type        = any
}

locals {
  windows  = [for it in coalesce(try(var.registry.windows, null), []) : it.name]
  research = coalesce(try(var.registry.research, null), [])

  courses = [
    for it in var.registry.courses : {
      institution = it.institution
      slug = replace(join("__", split(
        startswith(it.course_id, "course-v1:") ? "+" : "/", trimprefix(it.course_id, "course-v1:")
      )), "/[.-]/", "_")
    }
  ]
}

output "institutions" {
  description = "By institution: project, bucket, and the datasets of its courses by what they hold."
  value = {
    for name, it in var.registry.institutions : name => {
      project = it.project
      bucket  = it.bucket
      courses = [for course in local.courses : course.slug if course.institution == name]
      datasets = toset(flatten([
        ["course_report_${name}"],
        [
          for course in local.courses : [for suffix in concat(["latest", "logs"], local.windows) : "${course.slug}_${suffix}"]
          if course.institution == name
        ],
      ]))
      # A project may leave courses out: the dataset of a course that it does not have stays empty.
      research = toset(flatten([
        for project in local.research : [
          for course in local.courses : "${course.slug}_research_${project.name}" if course.institution == name
        ] if project.institution == name
      ]))
    }
  }
}
