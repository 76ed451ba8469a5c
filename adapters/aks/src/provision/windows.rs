//! Windows that somebody else has set: they are never written over.

use kompox_domain::{Error, ErrorKind, Result};

use crate::observe::ObservedCluster;
use crate::observe::ProvisionedCluster;
use crate::observe::windows::SCHEDULES;
use crate::resource_name::title;
use crate::template::parameters;

impl ProvisionedCluster<'_> {
    /// Refuses to write over a window that somebody else has set. Ours are in the stack. One that says what the settings
    /// say, or what the stack was put with last, may be one that the stack has made and does not tell: it failed later.
    pub(crate) fn refuse_foreign_windows(&self, observed: &ObservedCluster) -> Result<()> {
        if self.settings.upgrades.window.is_none() {
            return Ok(());
        }
        let now = parameters::window(self.settings);
        let last = observed
            .stack
            .as_ref()
            .and_then(|stack| stack.properties.parameters.get(parameters::WINDOW));
        let held = |id: &str| {
            let resources = observed
                .stack
                .iter()
                .flat_map(|stack| &stack.properties.resources);
            resources
                .into_iter()
                .any(|resource| resource.id.eq_ignore_ascii_case(id))
        };
        let foreign = observed.windows.iter().find(|there| {
            SCHEDULES
                .iter()
                .any(|ours| ours.eq_ignore_ascii_case(&there.name))
                && !held(&there.id)
                && !there.says(&now)
                && !last.is_some_and(|last| there.says(&last.value))
        });
        let Some(foreign) = foreign else {
            return Ok(());
        };
        Err(Error::new(
            ErrorKind::Precondition,
            format!(
                "{} of cluster {} was set by somebody else and says another time than AZURE_AKS_MAINTENANCE_WINDOW",
                title(&foreign.id),
                self.scope.id.cluster
            ),
        )
        .with_hint(
            "remove AZURE_AKS_MAINTENANCE_WINDOW to keep it; or delete it with az aks maintenanceconfiguration delete",
        ))
    }
}
