//! A Traefik as the objects it is made of, in the order in which they are applied.

use kompox_domain::Result;
use kompox_domain::naming::hex_digest;

use super::check::check;
use super::spec::Traefik;
use crate::labels;
use crate::object::{Desired, Keep};

impl Traefik {
    /// The objects, in the order in which they are applied. The last is the mark that all others are there.
    ///
    /// # Errors
    /// `InvalidInput`: see [`check`].
    pub fn objects(&self) -> Result<Vec<Desired>> {
        check(self)?;
        let mut objects = vec![Desired::of(&self.its_namespace(), Keep::Shared)];
        objects.push(Desired::of(&self.its_service_account(), Keep::Owned));
        objects.extend(self.provider_classes());
        if self.custom_resources {
            objects.extend(self.definitions());
        }
        objects.push(Desired::of(&self.cluster_role(), Keep::Owned));
        objects.push(Desired::of(&self.cluster_role_binding(), Keep::Owned));
        objects.extend(self.file_provider().map(|map| Desired::of(&map, Keep::Owned)));
        objects.extend(self.claim().map(|claim| Desired::of(&claim, Keep::Data)));
        objects.push(Desired::of(&self.service(), Keep::Owned));
        objects.push(Desired::of(&self.deployment(), Keep::Owned));
        objects.extend(
            self.disruption_budget()
                .map(|budget| Desired::of(&budget, Keep::Owned)),
        );
        objects.push(Desired::of(&self.ingress_class(), Keep::Owned));
        Ok(marked(objects))
    }
}

/// Each with its hash, and the last with the hash of which ones there are.
fn marked(mut objects: Vec<Desired>) -> Vec<Desired> {
    let mut names: Vec<String> = objects.iter().map(|object| object.id().to_string()).collect();
    names.sort();
    if let Some(last) = objects.pop() {
        objects.push(last.annotated(labels::OBJECTS, &hex_digest(&names.join("\n"), 40)));
    }
    objects.into_iter().map(Desired::hashed).collect()
}
