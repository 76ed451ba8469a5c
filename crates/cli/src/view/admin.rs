//! Parts of the configuration as they are printed. Secrets are not.

use std::collections::BTreeMap;

use kompox_domain::model::{AnyId, HeaderAliases, ProtectionLevel, VolumeKind};
use kompox_domain::{App, Cluster, Provider, SettingValue, Settings, Workspace, suggest};
use serde::Serialize;

use super::{OptionView, options};

/// What stands in place of a value that is, or looks like, a secret.
const MASK: &str = "***";

/// A part of the configuration that can be listed and looked at.
pub(crate) trait Part {
    /// What it is called.
    const NOUN: &'static str;
    /// The columns of a list.
    const HEAD: &'static [&'static str];

    /// Its id.
    fn id(&self) -> &str;
    /// Its own name.
    fn name(&self) -> &str;
    /// Its cells in a list.
    fn row(&self) -> Vec<String>;
    /// Everything about it, for humans.
    fn fields(&self) -> Vec<(String, String)>;
}

/// A workspace.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct WorkspaceView {
    id: String,
    name: String,
}

/// A provider.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct ProviderView {
    id: String,
    name: String,
    driver: String,
    settings: BTreeMap<String, String>,
}

/// A cluster.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct ClusterView {
    id: String,
    name: String,
    existing: bool,
    protection: ProtectionView,
    ingress: IngressView,
    settings: BTreeMap<String, String>,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct ProtectionView {
    provisioning: &'static str,
    installation: &'static str,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct IngressView {
    namespace: String,
    service_account: String,
    controller: Option<String>,
    domain: Option<String>,
    cert_email: Option<String>,
    cert_resolver: Option<String>,
    certificates: Vec<CertificateView>,
    image: ImageView,
    replicas: Option<u32>,
    custom_resources: bool,
    header_aliases: Option<&'static str>,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct ImageView {
    registry: Option<String>,
    repository: Option<String>,
    tag: Option<String>,
    digest: Option<String>,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct CertificateView {
    name: String,
    source: String,
}

/// An app.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct AppView {
    id: String,
    name: String,
    deployment: DeploymentView,
    volumes: Vec<VolumeView>,
    settings: BTreeMap<String, String>,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct DeploymentView {
    zone: Option<String>,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct VolumeView {
    name: String,
    /// In bytes.
    size: u64,
    #[serde(skip)]
    shown_size: String,
    r#type: &'static str,
    options: BTreeMap<String, OptionView>,
}

impl Part for WorkspaceView {
    const NOUN: &'static str = "workspace";
    const HEAD: &'static [&'static str] = &["NAME", "ID"];

    fn id(&self) -> &str {
        &self.id
    }
    fn name(&self) -> &str {
        &self.name
    }
    fn row(&self) -> Vec<String> {
        vec![self.name.clone(), self.id.clone()]
    }
    fn fields(&self) -> Vec<(String, String)> {
        vec![field("name", &self.name), field("id", &self.id)]
    }
}

impl Part for ProviderView {
    const NOUN: &'static str = "provider";
    const HEAD: &'static [&'static str] = &["NAME", "DRIVER", "ID"];

    fn id(&self) -> &str {
        &self.id
    }
    fn name(&self) -> &str {
        &self.name
    }
    fn row(&self) -> Vec<String> {
        vec![self.name.clone(), self.driver.clone(), self.id.clone()]
    }
    fn fields(&self) -> Vec<(String, String)> {
        let mut fields = vec![
            field("name", &self.name),
            field("id", &self.id),
            field("driver", &self.driver),
        ];
        fields.extend(setting_fields(&self.settings));
        fields
    }
}

impl Part for ClusterView {
    const NOUN: &'static str = "cluster";
    const HEAD: &'static [&'static str] = &["NAME", "EXISTING", "PROVISIONING", "INSTALLATION", "ID"];

    fn id(&self) -> &str {
        &self.id
    }
    fn name(&self) -> &str {
        &self.name
    }
    fn row(&self) -> Vec<String> {
        vec![
            self.name.clone(),
            yes_no(self.existing).to_owned(),
            self.protection.provisioning.to_owned(),
            self.protection.installation.to_owned(),
            self.id.clone(),
        ]
    }
    fn fields(&self) -> Vec<(String, String)> {
        let ingress = &self.ingress;
        let mut fields = vec![
            field("name", &self.name),
            field("id", &self.id),
            field("existing", yes_no(self.existing)),
            field("protection.provisioning", self.protection.provisioning),
            field("protection.installation", self.protection.installation),
            field("ingress.namespace", &ingress.namespace),
            field("ingress.serviceAccount", &ingress.service_account),
            field(
                "ingress.controller",
                ingress.controller.as_deref().unwrap_or_default(),
            ),
            field("ingress.domain", ingress.domain.as_deref().unwrap_or_default()),
            field(
                "ingress.certEmail",
                ingress.cert_email.as_deref().unwrap_or_default(),
            ),
            field(
                "ingress.certResolver",
                ingress.cert_resolver.as_deref().unwrap_or_default(),
            ),
        ];
        // What nobody set is as the driver sees fit, and would only fill the table.
        let image = &ingress.image;
        let parts = [
            ("registry", &image.registry),
            ("repository", &image.repository),
            ("tag", &image.tag),
            ("digest", &image.digest),
        ];
        for (part, value) in parts {
            fields.extend(
                value
                    .as_deref()
                    .map(|value| field(&format!("ingress.image.{part}"), value)),
            );
        }
        let replicas = ingress.replicas.map(|replicas| replicas.to_string());
        fields.extend(replicas.map(|replicas| field("ingress.replicas", &replicas)));
        if ingress.custom_resources {
            fields.push(field("ingress.customResources", yes_no(true)));
        }
        let aliases = ingress.header_aliases;
        fields.extend(aliases.map(|aliases| field("ingress.headerAliases", aliases)));
        for certificate in &ingress.certificates {
            fields.push(field(
                &format!("ingress.certificates.{}", certificate.name),
                &certificate.source,
            ));
        }
        fields.extend(setting_fields(&self.settings));
        fields
    }
}

impl Part for AppView {
    const NOUN: &'static str = "app";
    const HEAD: &'static [&'static str] = &["NAME", "VOLUMES", "ZONE", "ID"];

    fn id(&self) -> &str {
        &self.id
    }
    fn name(&self) -> &str {
        &self.name
    }
    fn row(&self) -> Vec<String> {
        let volumes: Vec<&str> = self.volumes.iter().map(|volume| volume.name.as_str()).collect();
        vec![
            self.name.clone(),
            volumes.join(","),
            self.deployment.zone.clone().unwrap_or_default(),
            self.id.clone(),
        ]
    }
    fn fields(&self) -> Vec<(String, String)> {
        let mut fields = vec![
            field("name", &self.name),
            field("id", &self.id),
            field(
                "deployment.zone",
                self.deployment.zone.as_deref().unwrap_or_default(),
            ),
        ];
        for volume in &self.volumes {
            let options = volume
                .options
                .iter()
                .map(|(name, value)| format!(", {name}={value}"));
            let text = format!(
                "{}, {}{}",
                volume.r#type,
                volume.shown_size,
                options.collect::<String>()
            );
            fields.push(field(&format!("volumes.{}", volume.name), &text));
        }
        fields.extend(setting_fields(&self.settings));
        fields
    }
}

fn field(name: &str, value: &str) -> (String, String) {
    (name.to_owned(), value.to_owned())
}

fn setting_fields(settings: &BTreeMap<String, String>) -> impl Iterator<Item = (String, String)> {
    settings
        .iter()
        .map(|(key, value)| field(&format!("settings.{key}"), value))
}

const fn yes_no(yes: bool) -> &'static str {
    if yes { "yes" } else { "no" }
}

impl From<&Workspace> for WorkspaceView {
    fn from(workspace: &Workspace) -> Self {
        Self {
            id: AnyId::Workspace(Some(workspace.name.clone())).to_string(),
            name: workspace.name.to_string(),
        }
    }
}

impl From<&Provider> for ProviderView {
    fn from(provider: &Provider) -> Self {
        Self {
            id: provider.id.to_string(),
            name: provider.id.provider.to_string(),
            driver: provider.driver.clone(),
            settings: settings(&provider.settings),
        }
    }
}

impl From<&Cluster> for ClusterView {
    fn from(cluster: &Cluster) -> Self {
        let ingress = &cluster.ingress;
        let certificates = ingress.certificates.iter().map(|certificate| CertificateView {
            name: certificate.name.clone(),
            source: certificate.source.clone(),
        });
        Self {
            id: cluster.id.to_string(),
            name: cluster.id.cluster.to_string(),
            existing: cluster.existing,
            protection: ProtectionView {
                provisioning: protection(cluster.protection.provisioning),
                installation: protection(cluster.protection.installation),
            },
            ingress: IngressView {
                namespace: ingress.namespace.to_string(),
                service_account: ingress.service_account.to_string(),
                controller: ingress.controller.clone(),
                domain: ingress.domain.clone(),
                cert_email: ingress.cert_email.clone(),
                cert_resolver: ingress.cert_resolver.clone(),
                certificates: certificates.collect(),
                image: ImageView {
                    registry: ingress.image.registry.clone(),
                    repository: ingress.image.repository.clone(),
                    tag: ingress.image.tag.clone(),
                    digest: ingress.image.digest.clone(),
                },
                replicas: ingress.replicas,
                custom_resources: ingress.custom_resources,
                header_aliases: ingress.header_aliases.map(HeaderAliases::as_str),
            },
            settings: settings(&cluster.settings),
        }
    }
}

impl From<&App> for AppView {
    fn from(app: &App) -> Self {
        let volumes = app.volumes.iter().map(|volume| VolumeView {
            name: volume.name.to_string(),
            size: volume.size.bytes(),
            shown_size: volume.size.to_string(),
            r#type: match volume.kind {
                VolumeKind::Disk => "disk",
                VolumeKind::Files => "files",
            },
            options: options(&volume.options),
        });
        Self {
            id: app.id.to_string(),
            name: app.id.app.to_string(),
            deployment: DeploymentView {
                zone: app.zone.clone(),
            },
            volumes: volumes.collect(),
            settings: settings(&app.settings),
        }
    }
}

const fn protection(level: ProtectionLevel) -> &'static str {
    match level {
        ProtectionLevel::None => "none",
        ProtectionLevel::CannotDelete => "cannotDelete",
        ProtectionLevel::ReadOnly => "readOnly",
    }
}

fn settings(settings: &Settings) -> BTreeMap<String, String> {
    let shown = |(key, value): (&str, &SettingValue)| {
        let value = match value {
            SettingValue::Reference(reference) => reference.to_string(),
            SettingValue::Plain(_) if looks_secret(key) => MASK.to_owned(),
            SettingValue::Plain(value) => without_userinfo(value),
        };
        (key.to_owned(), value)
    };
    settings.iter().map(shown).collect()
}

/// A key that was misspelt holds no less of a secret.
fn looks_secret(key: &str) -> bool {
    const WORDS: [&str; 3] = ["SECRET", "PASSWORD", "TOKEN"];
    // Parts of other words that are no less telling.
    const PARTS: [&str; 4] = ["KEY", "PASS", "PWD", "CREDENTIAL"];
    let key = key.to_ascii_uppercase();
    PARTS.iter().any(|part| key.contains(part))
        || WORDS.iter().any(|word| key.contains(word))
        || key
            .split(['_', '-', '.'])
            .any(|part| suggest::nearest(part, WORDS).is_some())
}

/// A proxy may be given with a password: `http://user:password@host`, or without the scheme.
fn without_userinfo(value: &str) -> String {
    let (scheme, rest) = match value.split_once("://") {
        Some((scheme, rest)) if !scheme.contains('@') => (format!("{scheme}://"), rest),
        _ => (String::new(), value),
    };
    // The last one, wherever it is: a password may hold anything.
    match rest.rsplit_once('@') {
        Some((_, host)) => format!("{scheme}{MASK}@{host}"),
        None => value.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use kompox_domain::SecretRef;

    use super::*;

    #[test]
    fn no_secret_is_ever_shown() {
        let plain = |value: &str| SettingValue::Plain(value.to_owned());
        let given: Settings = [
            ("AZURE_CLIENT_SECRET", plain("hunter2")),
            ("AZURE_CLIENT_SECERT", plain("hunter2")),
            ("azure_client_password", plain("hunter2")),
            ("AZURE_AKS_HTTPS_PROXY", plain("http://me:hunter2@proxy:8080/x")),
            ("AZURE_AKS_HTTP_PROXY", plain("me:hunter2@proxy:80")),
            ("AZURE_AKS_NO_PROXY", plain("me:hun/ter2@proxy")),
            ("AZURE_AKS_ODD_PROXY", plain("me:x://hunter2@proxy")),
            ("AZURE_LOCATION", plain("japaneast")),
            ("DB_PASS", plain("hunter2")),
            ("DB_PWD", plain("hunter2")),
            ("azure_credentials", plain("hunter2")),
            (
                "OTHER",
                SettingValue::Reference(SecretRef::Env("NAME".to_owned())),
            ),
        ]
        .into_iter()
        .map(|(key, value)| (key.to_owned(), value))
        .collect();
        insta::assert_snapshot!(serde_json::to_string_pretty(&settings(&given)).unwrap(), @r#"
        {
          "AZURE_AKS_HTTPS_PROXY": "http://***@proxy:8080/x",
          "AZURE_AKS_HTTP_PROXY": "***@proxy:80",
          "AZURE_AKS_NO_PROXY": "***@proxy",
          "AZURE_AKS_ODD_PROXY": "me:x://***@proxy",
          "AZURE_CLIENT_SECERT": "***",
          "AZURE_CLIENT_SECRET": "***",
          "AZURE_LOCATION": "japaneast",
          "DB_PASS": "***",
          "DB_PWD": "***",
          "OTHER": "env:NAME",
          "azure_client_password": "***",
          "azure_credentials": "***"
        }
        "#);
    }
}
