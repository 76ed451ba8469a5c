//! Making drivers from configuration.

use std::sync::Arc;

use kompox_arm::{ArmClient, ArmOptions};
use kompox_domain::driver::{DriverFactory, Finding, ProviderDriver};
use kompox_domain::model::AnyId;
use kompox_domain::{AppScope, Error, ProviderScope, Result, SecretReader};

use crate::driver::AksDriver;
use crate::settings::{ProviderSettings, app_group, check_app_group, cluster_group, keys};

/// The driver's name in the configuration.
pub(crate) const NAME: &str = "aks";

/// Makes [`AksDriver`]s.
#[derive(Debug, Clone, Copy, Default)]
pub struct AksFactory {
    options: ArmOptions,
}

impl AksFactory {
    /// A factory whose drivers are as patient as told.
    #[must_use]
    pub const fn with_options(options: ArmOptions) -> Self {
        Self { options }
    }
}

impl DriverFactory for AksFactory {
    fn name(&self) -> &'static str {
        NAME
    }

    fn check(&self, scope: &ProviderScope) -> Vec<Finding> {
        let provider = AnyId::Provider(scope.provider.id.clone());
        let mut findings = keys::unknown(&provider, &scope.provider.settings, keys::PROVIDER);
        let problems = ProviderSettings::problems(&scope.provider.settings);
        findings.extend(problems.into_iter().map(|error| finding(&provider, &error)));
        let prefix = plain_prefix(scope);
        for cluster in &scope.clusters {
            let subject = AnyId::Cluster(cluster.id.clone());
            findings.extend(keys::unknown(&subject, &cluster.settings, keys::CLUSTER));
            let scope = kompox_domain::ClusterScope {
                cluster: cluster.clone(),
            };
            // An existing cluster brings its own group along.
            if !cluster.existing {
                findings.extend(
                    cluster_group(&scope, prefix.as_deref())
                        .err()
                        .map(|error| finding(&subject, &error)),
                );
            }
        }
        for app in &scope.apps {
            let subject = AnyId::App(app.id.clone());
            findings.extend(keys::unknown(&subject, &app.settings, keys::APP));
            let Some(cluster) = scope.clusters.iter().find(|cluster| cluster.id == app.id.cluster) else {
                continue;
            };
            let app = AppScope {
                cluster: cluster.clone(),
                app: app.clone(),
            };
            let group = app_group(&app, prefix.as_deref())
                .and_then(|name| check_app_group(&name, &app, &scope.clusters, prefix.as_deref()));
            findings.extend(group.err().map(|error| finding(&subject, &error)));
            findings.extend(
                crate::volumes::offline_findings(&app)
                    .iter()
                    .map(|error| finding(&subject, error)),
            );
        }
        findings
    }

    fn build(&self, scope: &ProviderScope, secrets: &dyn SecretReader) -> Result<Arc<dyn ProviderDriver>> {
        keys::require_known(&scope.provider.settings, keys::PROVIDER)?;
        let settings = ProviderSettings::read(&scope.provider.settings, secrets)?;
        let arm = ArmClient::new(settings.cloud.clone(), settings.auth.clone(), self.options)?;
        Ok(Arc::new(AksDriver::new(
            arm,
            settings,
            scope.clusters.clone(),
            self.options,
        )))
    }
}

fn plain_prefix(scope: &ProviderScope) -> Option<String> {
    match scope.provider.settings.get("AZURE_RESOURCE_PREFIX") {
        Some(kompox_domain::SettingValue::Plain(prefix)) => Some(prefix.clone()),
        _ => None,
    }
}

fn finding(subject: &AnyId, error: &Error) -> Finding {
    Finding {
        subject: subject.clone(),
        message: error.to_string(),
        hint: error.hint().map(str::to_owned),
    }
}
