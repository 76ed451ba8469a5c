//! What every operation of the driver starts from.

use kompox_arm::{ArmClient, ArmOptions};
use kompox_domain::Context;
use kompox_kube::Resolver;

use crate::settings::ProviderSettings;

/// The client, the context of the operation, and what the driver was made with.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Session<'a> {
    pub(crate) arm: &'a ArmClient,
    pub(crate) cx: &'a Context,
    pub(crate) provider: &'a ProviderSettings,
    /// How often and how long is waited.
    pub(crate) options: ArmOptions,
    /// Who resolves the names of API servers.
    pub(crate) resolver: &'a dyn Resolver,
}

impl<'a> Session<'a> {
    /// The same with another context: another deadline, or another account of what was written.
    pub(crate) const fn with_context<'b>(self, cx: &'b Context) -> Session<'b>
    where
        'a: 'b,
    {
        Session { cx, ..self }
    }
}
