//! The controllers of a cluster: what it does by itself when objects change, and when time has passed.
//!
//! What follows from a change is done in the same step as the change. What takes time is planned as a job, which is kept
//! with the objects and done by whoever comes first when it is due.

pub(super) mod definitions;
mod deployment;
mod events;
pub(super) mod garbage;
pub(super) mod ingress;
mod manager;
pub(super) mod pods;
pub(super) mod provisioner;
mod service;
mod volumes;

use std::collections::HashSet;

use super::kinds::known;
use super::namespaces;
use super::objects::{Change, Job, Objects, Scope, is_leaving};

/// More steps than this in a row, and something runs in a circle.
const MOST_STEPS: usize = 100_000;

/// Does what is due, and what follows from it.
pub(super) fn settle(objects: &mut Objects<'_>) {
    // Some jobs plan others, which may be due as well.
    for _ in 0..16 {
        let due = objects.due();
        if due.is_empty() {
            return;
        }
        for job in due {
            run(objects, &job);
            react(objects);
        }
    }
}

fn run(objects: &mut Objects<'_>, job: &Job) {
    let namespace = job.namespace.as_deref();
    match (job.what.as_str(), namespace) {
        (namespaces::JOB, _) => namespaces::settle(objects, &job.name),
        (pods::JOB, Some(namespace)) => pods::start(objects, namespace, &job.name),
        (service::ADDRESS, Some(namespace)) => service::give_address(objects, namespace, &job.name),
        (service::RELEASE, Some(namespace)) => service::release(objects, namespace, &job.name),
        _ => {}
    }
}

/// Does what follows from the changes made so far.
pub(super) fn react(objects: &mut Objects<'_>) {
    let mut steps = 0;
    while !objects.changes.is_empty() {
        let changes = std::mem::take(&mut objects.changes);
        // Looked for once for all that has gone together: a namespace takes many along.
        let owners = if changes.iter().any(|change| change.removed) {
            garbage::owners_of_any(objects)
        } else {
            HashSet::new()
        };
        for change in changes {
            follow(objects, &change, &owners);
            steps += 1;
        }
        if steps > MOST_STEPS {
            tracing::error!("the controllers of a cluster do not come to rest");
            objects.changes.clear();
        }
    }
}

fn follow(objects: &mut Objects<'_>, change: &Change, owners: &HashSet<String>) {
    let namespace = change.namespace.as_deref();
    if change.removed {
        garbage::removed(objects, &change.document, owners);
    } else if is_leaving(&change.document) {
        garbage::leaving(objects, change);
    }
    if change.kind.custom.is_some() {
        if change.removed {
            definitions::removed(objects, &change.kind.qualified());
        }
    } else {
        follow_kind(objects, change);
    }
    if let Some(namespace) = namespace
        && change.removed
        && !objects.is_planned(namespaces::JOB, None, namespace)
    {
        // It may have been the last that a namespace waited for.
        let namespaces = known("namespaces");
        let waits = objects.get(Scope::of(&namespaces, None), namespace);
        if waits.as_ref().is_some_and(is_leaving) {
            namespaces::settle(objects, namespace);
        }
    }
}

fn follow_kind(objects: &mut Objects<'_>, change: &Change) {
    let (namespace, name) = (change.namespace.as_deref(), change.name.as_str());
    if matches!(
        change.kind.kind.as_str(),
        "Ingress" | "IngressClass" | "Deployment" | "Service"
    ) && !change.removed
    {
        ingress::reconcile(objects);
    }
    match (change.kind.kind.as_str(), namespace) {
        ("Namespace", _) if !change.removed && !is_leaving(&change.document) => {
            namespaces::furnish(objects, name);
        }
        ("CustomResourceDefinition", _) if !change.removed => definitions::reconcile(objects, name),
        ("Deployment", Some(namespace)) if !change.removed => {
            deployment::reconcile(objects, namespace, name);
        }
        ("ServiceAccount", Some(namespace)) if !change.removed => {
            deployment::reconcile_all(objects, namespace);
        }
        ("ConfigMap" | "Secret", Some(namespace)) if !change.removed => pods::retry(objects, namespace),
        ("Pod", Some(namespace)) => {
            if !change.removed {
                provisioner::of_pod(objects, namespace, &change.document);
                pods::schedule(objects, namespace, &change.document);
            }
            deployment::of_pod(objects, namespace, &change.document);
            volumes::of_pod(objects, namespace, &change.document);
        }
        ("PodDisruptionBudget", Some(namespace)) if !change.removed => {
            deployment::reconcile_budgets(objects, namespace);
        }
        ("Service", Some(namespace)) if !change.removed => service::reconcile(objects, namespace, name),
        ("PersistentVolume", _) => volumes::volume_changed(objects, change),
        ("PersistentVolumeClaim", Some(namespace)) => {
            volumes::claim_changed(objects, namespace, name);
            pods::retry(objects, namespace);
        }
        _ => {}
    }
}
