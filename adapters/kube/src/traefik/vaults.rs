//! Certificates that lie in vaults: how they get into Traefik's pods, and how Traefik is told of them.
//!
//! The CSI driver of the secrets store mounts each vault, and writes each certificate, with its key, into one file of
//! PEM. Traefik's file provider names those files. It reads them again whenever something changes in the directory
//! of its configuration, and looks into no other one; a certificate that is renewed changes nothing there. So beside
//! the configuration lies a token that nobody accepts: kubelet renews it every few minutes, and with it Traefik reads
//! the certificates anew.

use std::fmt::Write as _;

use k8s_openapi::api::core::v1::{
    CSIVolumeSource, ConfigMap, ConfigMapProjection, KeyToPath, ProjectedVolumeSource,
    ServiceAccountTokenProjection, Volume, VolumeMount as Mount, VolumeProjection,
};
use kompox_domain::naming::hex_digest;
use serde_json::{Value, json};

use super::spec::{FILE_PROVIDER, Traefik, VaultCertificate, VaultMount};
use crate::object::{Desired, Keep, Kind};

/// Where the file provider's configuration lies.
pub(super) const CONFIGURATION: &str = "/etc/traefik/dynamic";
/// Where the vaults lie.
const VAULTS: &str = "/etc/traefik/vaults";
/// The configuration's file. The provider passes over whatever does not end like that.
const FILE: &str = "certificates.yml";
/// The driver that mounts vaults.
const DRIVER: &str = "secrets-store.csi.k8s.io";
/// What names a vault and what of it is mounted.
pub(crate) const PROVIDER_CLASS: Kind = Kind {
    group: "secrets-store.csi.x-k8s.io",
    version: "v1",
    kind: "SecretProviderClass",
    plural: "secretproviderclasses",
};
/// The parameter that lists what is mounted. It is made here.
pub(super) const OBJECTS: &str = "objects";
/// The shortest life that a token may have. Kubelet renews it after four fifths of that.
const TOKEN_SECONDS: i64 = 600;

impl VaultCertificate {
    /// The file it lies in. Two names never have the same one, and none leads out of the directory: whatever is no
    /// letter, digit, `-` or `_` is written as a dot and two hexadecimal digits.
    #[must_use]
    pub fn file_name(&self) -> String {
        let mut file = String::new();
        for byte in self.name.bytes() {
            if byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_') {
                file.push(char::from(byte));
            } else {
                // Writing to a string cannot fail.
                let _ = write!(file, ".{byte:02x}");
            }
        }
        file + ".pem"
    }

    /// An entry of [`OBJECTS`]: YAML, in which JSON's strings are strings.
    fn entry(&self) -> String {
        let mut lines = vec![
            format!("objectName: {}", Value::from(self.object.as_str())),
            // A secret is the certificate with its key; what is called `cert` has no key.
            "objectType: secret".to_owned(),
            format!("objectAlias: {}", Value::from(self.file_name())),
        ];
        lines.extend(
            self.version
                .iter()
                .map(|version| format!("objectVersion: {}", Value::from(version.as_str()))),
        );
        lines.iter().map(|line| format!("    {line}\n")).collect()
    }
}

impl VaultMount {
    fn objects(&self) -> String {
        let entries = self
            .certificates
            .iter()
            .map(|certificate| format!("  - |\n{}", certificate.entry()));
        format!("array:\n{}", entries.collect::<String>())
    }

    fn directory(&self) -> String {
        format!("{VAULTS}/{}", self.name)
    }

    /// Names of volumes are shorter than those of objects.
    fn volume(&self) -> String {
        format!("vault-{}", hex_digest(&self.name, 10))
    }
}

impl Traefik {
    pub(super) fn provider_classes(&self) -> impl Iterator<Item = Desired> {
        self.vaults.iter().map(|vault| {
            let mut parameters = vault.parameters.clone();
            parameters.insert(OBJECTS.to_owned(), vault.objects());
            let value = json!({
                "metadata": self.metadata(&vault.name, "certificates"),
                "spec": { "provider": "azure", "parameters": parameters }
            });
            Desired::raw(PROVIDER_CLASS, Keep::Owned, value)
        })
    }

    /// The hash of which certificates are mounted, and from where. A mount follows its SecretProviderClass after
    /// minutes only, and in silence; a new pod does not start without all of them, and says which one it lacks.
    pub(super) fn certificates(&self) -> Option<String> {
        let classes: Vec<String> = self
            .provider_classes()
            .map(|class| class.value()["spec"].to_string())
            .collect();
        (!classes.is_empty()).then(|| hex_digest(&classes.join("\n"), 40))
    }

    /// The file provider's configuration: every certificate, by the file it is mounted as.
    pub(super) fn file_provider(&self) -> Option<ConfigMap> {
        if self.vaults.is_empty() {
            return None;
        }
        let mut text = "tls:\n  certificates:\n".to_owned();
        for vault in &self.vaults {
            for certificate in &vault.certificates {
                let path = format!("{}/{}", vault.directory(), certificate.file_name());
                let path = Value::from(path);
                let _ = write!(text, "    - certFile: {path}\n      keyFile: {path}\n");
            }
        }
        Some(ConfigMap {
            metadata: self.metadata(FILE_PROVIDER, "certificates"),
            data: Some([(FILE.to_owned(), text)].into()),
            ..ConfigMap::default()
        })
    }

    /// The volumes with the certificates and their configuration, and where they are mounted.
    pub(super) fn certificate_volumes(&self) -> Vec<(Volume, Mount)> {
        if self.vaults.is_empty() {
            return Vec::new();
        }
        let mut volumes = vec![mounted(configuration(), CONFIGURATION)];
        volumes.extend(self.vaults.iter().map(|vault| {
            let volume = Volume {
                name: vault.volume(),
                csi: Some(CSIVolumeSource {
                    driver: DRIVER.to_owned(),
                    read_only: Some(true),
                    volume_attributes: Some([("secretProviderClass".to_owned(), vault.name.clone())].into()),
                    ..CSIVolumeSource::default()
                }),
                ..Volume::default()
            };
            mounted(volume, &vault.directory())
        }));
        volumes
    }
}

fn mounted(volume: Volume, path: &str) -> (Volume, Mount) {
    let mount = Mount {
        name: volume.name.clone(),
        mount_path: path.to_owned(),
        read_only: Some(true),
        ..Mount::default()
    };
    (volume, mount)
}

fn configuration() -> Volume {
    let file = VolumeProjection {
        config_map: Some(ConfigMapProjection {
            name: FILE_PROVIDER.to_owned(),
            items: Some(vec![KeyToPath {
                key: FILE.to_owned(),
                path: FILE.to_owned(),
                ..KeyToPath::default()
            }]),
            ..ConfigMapProjection::default()
        }),
        ..VolumeProjection::default()
    };
    let token = VolumeProjection {
        service_account_token: Some(ServiceAccountTokenProjection {
            audience: Some("nobody.ops.kompox.dev".to_owned()),
            expiration_seconds: Some(TOKEN_SECONDS),
            path: "renewed".to_owned(),
            ..ServiceAccountTokenProjection::default()
        }),
        ..VolumeProjection::default()
    };
    Volume {
        name: "dynamic".to_owned(),
        projected: Some(ProjectedVolumeSource {
            sources: Some(vec![file, token]),
            ..ProjectedVolumeSource::default()
        }),
        ..Volume::default()
    }
}
