//! Making drivers from configuration.

use std::sync::Arc;

use kompox_arm::{ArmClient, ArmOptions};
use kompox_domain::driver::{DriverFactory, Finding, ProviderDriver};
use kompox_domain::model::AnyId;
use kompox_domain::{AppScope, Error, ProviderScope, Result, SecretReader};
use kompox_kube::{Resolver, SystemResolver};

use crate::driver::{AksDriver, NAME};
use crate::settings::{ClusterSettings, ProviderSettings, app_group, check_app_group, keys};

/// How many findings about one subject are told.
const KEPT: usize = 100;

/// Makes [`AksDriver`]s.
#[derive(Debug, Clone)]
pub struct AksFactory {
    options: ArmOptions,
    resolver: Arc<dyn Resolver>,
}

impl Default for AksFactory {
    fn default() -> Self {
        Self::with_options(ArmOptions::default())
    }
}

impl AksFactory {
    /// A factory whose drivers are as patient as told.
    #[must_use]
    pub fn with_options(options: ArmOptions) -> Self {
        Self {
            options,
            resolver: Arc::new(SystemResolver),
        }
    }

    /// The same with another one who resolves names.
    #[must_use]
    pub fn with_resolver(mut self, resolver: Arc<dyn Resolver>) -> Self {
        self.resolver = resolver;
        self
    }
}

impl DriverFactory for AksFactory {
    fn name(&self) -> &'static str {
        NAME
    }

    fn check(&self, scope: &ProviderScope) -> Vec<Finding> {
        let provider = AnyId::Provider(scope.provider.id.clone());
        let settings = &scope.provider.settings;
        let mut guesses = keys::Guesses::default();
        let mut findings = Vec::new();
        let problems = ProviderSettings::problems(settings);
        let unknown = keys::unknown(&provider, settings, keys::PROVIDER, KEPT, &mut guesses);
        add(&mut findings, &provider, unknown, &problems);
        let prefix = plain(scope, "AZURE_RESOURCE_PREFIX");
        for cluster in &scope.clusters {
            let subject = AnyId::Cluster(cluster.id.clone());
            let problems = ClusterSettings::problems(
                cluster,
                plain(scope, "AZURE_LOCATION").as_deref(),
                prefix.as_deref(),
            );
            let unknown = keys::unknown(&subject, &cluster.settings, keys::CLUSTER, KEPT, &mut guesses);
            add(&mut findings, &subject, unknown, &problems);
        }
        for app in &scope.apps {
            let subject = AnyId::App(app.id.clone());
            let unknown = keys::unknown(&subject, &app.settings, keys::APP, KEPT, &mut guesses);
            let Some(cluster) = scope.clusters.iter().find(|cluster| cluster.id == app.id.cluster) else {
                add(&mut findings, &subject, unknown, &[]);
                continue;
            };
            let app = AppScope {
                cluster: cluster.clone(),
                app: app.clone(),
            };
            let group = app_group(&app, prefix.as_deref())
                .and_then(|name| check_app_group(&name, &app, &scope.clusters, prefix.as_deref()));
            let mut problems: Vec<Error> = group.err().into_iter().collect();
            problems.extend(crate::volumes::offline_findings(&app));
            add(&mut findings, &subject, unknown, &problems);
        }
        findings
    }

    fn build(&self, scope: &ProviderScope, secrets: &dyn SecretReader) -> Result<Arc<dyn ProviderDriver>> {
        keys::require_known(&scope.provider.settings, keys::PROVIDER)?;
        let settings = ProviderSettings::read(&scope.provider.settings, secrets)?;
        // What is wrong with a cluster matters to whoever uses that cluster.
        let clusters = scope
            .clusters
            .iter()
            .map(|cluster| {
                let read =
                    ClusterSettings::read(cluster, &settings.location, settings.prefix.as_deref(), secrets);
                (cluster.id.clone(), read)
            })
            .collect();
        let arm = ArmClient::new(settings.cloud.clone(), settings.auth.clone(), self.options)?;
        Ok(Arc::new(AksDriver::new(
            arm,
            settings,
            scope.clusters.clone(),
            scope.apps.clone(),
            clusters,
            self.options,
            Arc::clone(&self.resolver),
        )))
    }
}

/// Adds what was found about one subject: as much as somebody reads, and how much more there is. Unknown keys come
/// first, but leave room for the problems.
fn add(
    findings: &mut Vec<Finding>,
    subject: &AnyId,
    mut unknown: impl Iterator<Item = Finding>,
    problems: &[Error],
) {
    let told = problems.iter().take(KEPT);
    findings.extend(unknown.by_ref().take(KEPT - told.len()));
    let more = unknown.count() + problems.len() - told.len();
    findings.extend(told.map(|error| finding(subject, error)));
    if more > 0 {
        findings.push(Finding {
            subject: subject.clone(),
            message: format!("and {more} more"),
            hints: vec!["correct these first".into()],
        });
    }
}

fn plain(scope: &ProviderScope, key: &str) -> Option<String> {
    match scope.provider.settings.get(key) {
        Some(kompox_domain::SettingValue::Plain(text)) => {
            Some(text.trim().to_owned()).filter(|text| !text.is_empty())
        }
        _ => None,
    }
}

fn finding(subject: &AnyId, error: &Error) -> Finding {
    Finding {
        subject: subject.clone(),
        message: error.to_string(),
        hints: error.hints().to_vec(),
    }
}

#[cfg(test)]
mod tests {
    use std::time::{Duration, Instant};

    use kompox_domain::model::Provider;
    use kompox_domain::settings::{SettingValue, Settings};

    use super::*;

    fn provider(settings: Settings) -> ProviderScope {
        let id: AnyId = "/ws/w/prv/p".parse().unwrap();
        let AnyId::Provider(id) = id else { panic!("{id}") };
        ProviderScope {
            provider: Provider {
                id,
                driver: NAME.to_owned(),
                settings,
            },
            clusters: Vec::new(),
            apps: Vec::new(),
        }
    }

    #[test]
    fn what_nobody_reads_is_only_counted_and_costs_a_moment() {
        let unknown = (0..150_000).map(|number| format!("AZURE_RESOURCE_MANAGER_{number}"));
        let settings = unknown.map(|key| (key, SettingValue::Plain("x".to_owned())));
        let begin = Instant::now();
        let findings = AksFactory::default().check(&provider(settings.collect()));
        assert!(begin.elapsed() < Duration::from_secs(10));
        assert_eq!(findings.len(), KEPT + 1);
        // The settings that are missing are told all the same.
        assert!(findings[KEPT - 1].message.contains("AZURE_SUBSCRIPTION_ID"));
        assert_eq!(findings[KEPT].message, "and 149901 more");
        let lists = |finding: &&Finding| {
            let mut hints = finding.hints.iter();
            hints.any(|hint| hint.text.starts_with("known here"))
        };
        assert!(findings.iter().filter(lists).count() <= 1);
    }
}
