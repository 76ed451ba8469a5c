//! What KOM and kompoxops.yml have in common: settings, protection, ingress and volumes.

use std::collections::HashSet;

use kompox_domain::model::{
    Certificate, HeaderAliases, Ingress, IngressImage, Protection, ProtectionLevel, Provider, ProviderId,
    VolumeKind,
};
use kompox_domain::options::OptionValue;
use kompox_domain::{
    App, ByteSize, Cluster, Label, SecretRef, SettingValue, Settings, Volume, VolumeName, VolumeOptions,
};

use kompox_yaml::{Entry, Mark, Value};

use crate::error::{Fault, advice, quoted};
use crate::fields::{Fields, Known, Reader};

/// Namespace and service account of the ingress where none is given.
const INGRESS: &str = "traefik";

const INGRESS_FIELDS: Known = Known {
    used: &[
        "namespace",
        "serviceAccount",
        "controller",
        "domain",
        "certEmail",
        "certResolver",
        "certificates",
        "image",
        "replicas",
        "customResources",
        "headerAliases",
    ],
    ignored: &[],
};
const IMAGE_FIELDS: Known = Known {
    used: &["registry", "repository", "tag", "digest"],
    ignored: &[],
};
const CERTIFICATE_FIELDS: Known = Known {
    used: &["name", "source"],
    ignored: &[],
};
const PROTECTION_FIELDS: Known = Known {
    used: &["provisioning", "installation"],
    ignored: &[],
};
const DEPLOYMENT_FIELDS: Known = Known {
    used: &["zone"],
    ignored: &["pool", "pools", "zones", "selectors"],
};
const VOLUME_FIELDS: Known = Known {
    used: &["name", "size", "type", "options"],
    ignored: &[],
};

/// A provider but for its id.
pub(crate) struct ProviderPart {
    driver: String,
    settings: Settings,
}

impl ProviderPart {
    pub(crate) fn read(fields: &Fields<'_>, reader: &mut Reader<'_>) -> Self {
        let driver = fields.required("driver", reader);
        Self {
            driver: driver.map(|(text, _)| text.to_owned()).unwrap_or_default(),
            settings: settings(fields, reader),
        }
    }

    pub(crate) fn with_id(self, id: ProviderId) -> Provider {
        Provider {
            id,
            driver: self.driver,
            settings: self.settings,
        }
    }
}

/// A cluster but for its id.
pub(crate) struct ClusterPart {
    existing: bool,
    protection: Protection,
    ingress: Option<Ingress>,
    settings: Settings,
}

impl ClusterPart {
    pub(crate) fn read(fields: &Fields<'_>, reader: &mut Reader<'_>) -> Self {
        let protection = fields.fields("protection", &PROTECTION_FIELDS, reader);
        Self {
            existing: fields.bool("existing", reader),
            protection: Protection {
                provisioning: protection_level(&protection, "provisioning", reader),
                installation: protection_level(&protection, "installation", reader),
            },
            ingress: ingress(fields, reader),
            settings: settings(fields, reader),
        }
    }

    /// Sets the domain where the ingress has none of its own.
    pub(crate) fn domain_or(&mut self, domain: Option<String>) {
        if let Some(ingress) = &mut self.ingress
            && ingress.domain.is_none()
        {
            ingress.domain = domain;
        }
    }

    /// None only where the ingress has a fault, so that there is no catalog anyway.
    pub(crate) fn with_id(self, id: kompox_domain::model::ClusterId) -> Option<Cluster> {
        Some(Cluster {
            id,
            existing: self.existing,
            protection: self.protection,
            ingress: self.ingress?,
            settings: self.settings,
        })
    }
}

/// An app but for its id.
pub(crate) struct AppPart {
    zone: Option<String>,
    volumes: Vec<Volume>,
    settings: Settings,
}

impl AppPart {
    pub(crate) fn read(fields: &Fields<'_>, reader: &mut Reader<'_>) -> Self {
        let deployment = fields.fields("deployment", &DEPLOYMENT_FIELDS, reader);
        Self {
            zone: deployment.optional("zone", reader),
            volumes: volumes(fields, reader),
            settings: settings(fields, reader),
        }
    }

    pub(crate) fn with_id(self, id: kompox_domain::model::AppId) -> App {
        App {
            id,
            zone: self.zone,
            volumes: self.volumes,
            settings: self.settings,
        }
    }
}

/// The settings in field `settings`; one that is null is not set.
fn settings(fields: &Fields<'_>, reader: &mut Reader<'_>) -> Settings {
    let entries = fields.map("settings", reader);
    entries
        .iter()
        .filter(|entry| !entry.node.is_null())
        .filter_map(|entry| Some((entry.key.text.clone(), setting(entry, reader)?)))
        .collect()
}

fn setting(entry: &Entry, reader: &mut Reader<'_>) -> Option<SettingValue> {
    let key = quoted(&entry.key.text);
    let Some(text) = entry.node.text() else {
        let message = format!(
            "setting {key} must be a string, number or boolean, not {}",
            entry.node.kind()
        );
        reader.fault(entry.node.mark, Fault::new(message));
        return None;
    };
    let reference = if let Some(name) = text.strip_prefix("env:") {
        // What no system takes as the name of a variable.
        let bad = name.is_empty() || name.contains(['=', '\0']) || name.contains(char::is_whitespace);
        (!bad).then(|| SecretRef::Env(name.to_owned()))
    } else if let Some(path) = text.strip_prefix("file:") {
        let bad = path.is_empty() || path.contains('\0');
        (!bad).then(|| SecretRef::File(reader.base.join(path)))
    } else {
        return Some(SettingValue::Plain(text.to_owned()));
    };
    if reference.is_none() {
        // What follows is not shown: it may be a secret that begins like a reference.
        let fault = Fault::new(format!("setting {key} is neither env:NAME nor file:PATH"))
            .hint("name a variable or a file after the colon");
        reader.fault(entry.node.mark, fault);
    }
    reference.map(SettingValue::Reference)
}

fn protection_level(fields: &Fields<'_>, key: &str, reader: &mut Reader<'_>) -> ProtectionLevel {
    let levels = [
        ("none", ProtectionLevel::None),
        ("cannotDelete", ProtectionLevel::CannotDelete),
        ("readOnly", ProtectionLevel::ReadOnly),
    ];
    choice(fields, key, &levels, reader)
}

/// One of several words; the default when absent or empty.
fn choice<T: Copy + Default>(
    fields: &Fields<'_>,
    key: &str,
    choices: &[(&str, T)],
    reader: &mut Reader<'_>,
) -> T {
    let Some((text, mark)) = fields.text(key, reader).filter(|(text, _)| !text.is_empty()) else {
        return T::default();
    };
    if let Some((_, value)) = choices.iter().find(|(word, _)| *word == text) {
        return *value;
    }
    let words: Vec<&str> = choices.iter().map(|(word, _)| *word).collect();
    let fault = Fault::new(format!("{} cannot be {}", fields.name(key), quoted(text)));
    reader.fault(mark, fault.hint(advice("it can be", text, &words, &words)));
    T::default()
}

fn ingress(cluster: &Fields<'_>, reader: &mut Reader<'_>) -> Option<Ingress> {
    let fields = cluster.fields("ingress", &INGRESS_FIELDS, reader);
    let namespace = label_or(&fields, "namespace", reader);
    let service_account = label_or(&fields, "serviceAccount", reader);
    let controller = fields.optional("controller", reader);
    let domain = fields.optional("domain", reader);
    let cert_email = fields.optional("certEmail", reader);
    let cert_resolver = fields.optional("certResolver", reader);
    let items = fields.list("certificates", reader);
    let mut certificates = Vec::with_capacity(items.len());
    let mut names = HashSet::new();
    for (index, item) in items.iter().enumerate() {
        let path = format!("{}[{index}]", fields.name("certificates"));
        let fields = Fields::new(Some(item), item.mark, &path, &CERTIFICATE_FIELDS, reader);
        let name = fields.required("name", reader);
        let source = fields.required("source", reader);
        if let (Some((name, mark)), Some((source, _))) = (name, source) {
            if !names.insert(name) {
                reader.fault(
                    mark,
                    Fault::new(format!("certificate {} is there twice", quoted(name))),
                );
            }
            certificates.push(Certificate {
                name: name.to_owned(),
                source: source.to_owned(),
            });
        }
    }
    Some(Ingress {
        namespace: namespace?,
        service_account: service_account?,
        controller,
        domain,
        cert_email,
        cert_resolver,
        certificates,
        image: image(&fields, reader),
        replicas: fields.count("replicas", reader),
        custom_resources: fields.bool("customResources", reader),
        header_aliases: choice(
            &fields,
            "headerAliases",
            &HeaderAliases::ALL.map(|(word, value)| (word, Some(value))),
            reader,
        ),
    })
}

fn image(ingress: &Fields<'_>, reader: &mut Reader<'_>) -> IngressImage {
    let fields = ingress.fields("image", &IMAGE_FIELDS, reader);
    IngressImage {
        registry: fields.optional("registry", reader),
        repository: fields.optional("repository", reader),
        tag: fields.optional("tag", reader),
        digest: fields.optional("digest", reader),
    }
}

fn label_or(fields: &Fields<'_>, key: &str, reader: &mut Reader<'_>) -> Option<Label> {
    match fields.text(key, reader).filter(|(text, _)| !text.is_empty()) {
        Some((text, mark)) => reader.parse(text, mark),
        None => INGRESS.parse().ok(),
    }
}

fn volumes(app: &Fields<'_>, reader: &mut Reader<'_>) -> Vec<Volume> {
    let items = app.list("volumes", reader);
    let mut names: HashSet<VolumeName> = HashSet::new();
    let mut volumes = Vec::with_capacity(items.len());
    for (index, item) in items.iter().enumerate() {
        let path = format!("{}[{index}]", app.name("volumes"));
        let fields = Fields::new(Some(item), item.mark, &path, &VOLUME_FIELDS, reader);
        let name = fields
            .required("name", reader)
            .and_then(|(text, mark)| Some((reader.parse::<VolumeName>(text, mark)?, mark)));
        if let Some((name, mark)) = &name
            && !names.insert(name.clone())
        {
            reader.fault(
                *mark,
                Fault::new(format!("volume {:?} is there twice", name.as_str())),
            );
        }
        let size = fields
            .required("size", reader)
            .and_then(|(text, mark)| reader.parse::<ByteSize>(text, mark));
        let kinds = [("disk", VolumeKind::Disk), ("files", VolumeKind::Files)];
        let kind = choice(&fields, "type", &kinds, reader);
        let options = options(&fields, reader);
        if let (Some((name, _)), Some(size)) = (name, size) {
            volumes.push(Volume {
                name,
                size,
                kind,
                options,
            });
        }
    }
    volumes
}

fn options(volume: &Fields<'_>, reader: &mut Reader<'_>) -> VolumeOptions {
    let entries = volume.map("options", reader);
    entries
        .iter()
        .filter(|entry| !entry.node.is_null())
        .filter_map(|entry| Some((entry.key.text.clone(), option(entry, reader)?)))
        .collect()
}

fn option(entry: &Entry, reader: &mut Reader<'_>) -> Option<OptionValue> {
    let Value::Scalar(scalar) = &entry.node.value else {
        let kind = entry.node.kind();
        let message = format!(
            "option {} must be a string, number or boolean, not {kind}",
            quoted(&entry.key.text)
        );
        reader.fault(entry.node.mark, Fault::new(message));
        return None;
    };
    Some(match (scalar.as_bool(), scalar.as_integer()) {
        (Some(yes), _) => OptionValue::Bool(yes),
        (None, Some(number)) => OptionValue::Integer(number),
        (None, None) => OptionValue::Text(scalar.text.clone()),
    })
}

/// A name and where it stands.
pub(crate) fn name(fields: &Fields<'_>, reader: &mut Reader<'_>) -> Option<(Label, Mark)> {
    let (text, mark) = fields.required("name", reader)?;
    Some((reader.parse(text, mark)?, mark))
}
