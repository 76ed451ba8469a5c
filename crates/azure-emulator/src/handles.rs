//! Direct handles on what surrounds the resources: registrations, names of others, quotas, principals.

use kompox_emulator_core::error::EmulatorError;

use crate::arm::{features, providers, subscriptions};
use crate::emulator::Emulator;
use crate::types::{names, principals, quotas, vm_sizes};

pub use crate::types::vm_sizes::Restriction;

impl Emulator {
    /// Registers the subscription for a namespace (`Microsoft.KeyVault`), or takes the registration back. A new
    /// emulator is registered for all it knows.
    ///
    /// # Errors
    ///
    /// If there is no such namespace or the state cannot be written.
    pub async fn set_registered(&self, namespace: &str, registered: bool) -> Result<(), EmulatorError> {
        let known = providers::canonical(namespace)
            .ok_or_else(|| EmulatorError::Argument(format!("there is no namespace {namespace:?}")))?;
        self.shared()
            .change(|state, _| providers::register(state, known, registered))
            .await
    }

    /// Registers the subscription for a feature (`Microsoft.Compute/EncryptionAtHost`), or takes the registration back.
    /// A new emulator is registered for none.
    ///
    /// # Errors
    ///
    /// If there is no such feature or the state cannot be written.
    pub async fn set_feature(&self, feature: &str, registered: bool) -> Result<(), EmulatorError> {
        let known = features::canonical(feature)
            .ok_or_else(|| EmulatorError::Argument(format!("there is no feature {feature:?}")))?;
        self.shared()
            .change(|state, _| features::register(state, known, registered))
            .await
    }

    /// Adds a subscription of the same tenant beside the emulator's own, and answers its id. The caller may do there
    /// what it may do in its own; registrations and quotas are those of the own one.
    ///
    /// # Errors
    ///
    /// If the state cannot be written.
    pub async fn add_subscription(&self, name: &str) -> Result<String, EmulatorError> {
        let id = uuid::Uuid::new_v4().to_string();
        self.shared()
            .change(|state, _| subscriptions::add(state, &id, name))
            .await?;
        Ok(id)
    }

    /// Lets somebody outside the subscription have a public name (`kv1.vault.azure.net`, `cr1.azurecr.io`), or gives
    /// it back.
    ///
    /// # Errors
    ///
    /// If the state cannot be written.
    pub async fn hold_name(&self, host: &str, held: bool) -> Result<(), EmulatorError> {
        self.shared()
            .change(|state, _| names::hold(state, host, held))
            .await
    }

    /// Sets how many vCPUs a region has: of a family as compute's list of SKUs names it (`standardDASv5Family`), of
    /// all (`cores`), or of spot machines (`lowPriorityCores`).
    ///
    /// # Errors
    ///
    /// If there is no such region or family, or the state cannot be written.
    pub async fn set_quota(&self, location: &str, name: &str, limit: u32) -> Result<(), EmulatorError> {
        let region = region(location)?;
        let is_family = vm_sizes::all()
            .iter()
            .any(|size| size.family.eq_ignore_ascii_case(name));
        if !is_family && ![quotas::CORES, quotas::SPOT].contains(&name) {
            return Err(EmulatorError::Argument(format!("there is no quota {name:?}")));
        }
        self.shared()
            .change(|state, _| quotas::set_limit(state, region, name, limit))
            .await
    }

    /// Sets where in a region the subscription may not use a size of virtual machines.
    ///
    /// # Errors
    ///
    /// If there is no such region or size, or the state cannot be written.
    pub async fn restrict_size(
        &self,
        location: &str,
        size: &str,
        restriction: Restriction,
    ) -> Result<(), EmulatorError> {
        let region = region(location)?;
        let size = vm_sizes::find(size)
            .ok_or_else(|| EmulatorError::Argument(format!("there is no size {size:?}")))?;
        self.shared()
            .change(|state, _| vm_sizes::restrict(state, region, &size.name, &restriction))
            .await
    }

    /// Tells the directory of a principal that no resource has: a user, a group, an application.
    ///
    /// # Errors
    ///
    /// If the state cannot be written.
    pub async fn add_principal(&self, object_id: &str) -> Result<(), EmulatorError> {
        self.shared()
            .change(|state, _| principals::declare(state, object_id))
            .await
    }
}

fn region(location: &str) -> Result<&'static str, EmulatorError> {
    providers::find_region(location)
        .map(|region| region.name)
        .ok_or_else(|| EmulatorError::Argument(format!("there is no region {location:?}")))
}
