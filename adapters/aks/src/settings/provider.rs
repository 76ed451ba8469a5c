//! A provider's settings, read and checked as a whole.

use std::path::PathBuf;

use kompox_arm::{AuthMethod, Cloud, cloud, credential};
use kompox_domain::settings::{SettingValue, Settings};
use kompox_domain::{Error, ErrorKind, Result, Secret, SecretReader, suggest};
use uuid::Uuid;

/// What a driver needs to know before its first request.
#[derive(Debug, Clone)]
pub(crate) struct ProviderSettings {
    pub(crate) subscription: String,
    pub(crate) location: String,
    pub(crate) prefix: Option<String>,
    pub(crate) cloud: Cloud,
    pub(crate) auth: AuthMethod,
}

const PREFIX_MAX: usize = 32;
/// Stands for the endpoint that is not looked at.
const SOME_ENDPOINT: &str = "https://localhost/";

impl ProviderSettings {
    /// Reads the settings.
    ///
    /// # Errors
    /// `InvalidInput`; all missing keys are named in one error.
    pub(crate) fn read(settings: &Settings, secrets: &dyn SecretReader) -> Result<Self> {
        let reader = Reader { settings, secrets };
        let (method, cloud) = (
            reader.optional("AZURE_AUTH_METHOD")?,
            reader.optional("AZURE_CLOUD")?,
        );
        let missing = missing(settings, method.as_deref(), cloud.as_deref());
        if !missing.is_empty() {
            return Err(absent(&missing));
        }
        let subscription = reader.uuid("AZURE_SUBSCRIPTION_ID")?;
        Ok(Self {
            location: location(&reader.text("AZURE_LOCATION")?)?,
            prefix: reader
                .optional("AZURE_RESOURCE_PREFIX")?
                .map(|prefix| check_prefix(&prefix))
                .transpose()?,
            cloud: reader.cloud()?,
            auth: reader.auth(&subscription)?,
            subscription,
        })
    }

    /// Everything that is wrong and can be told without reading what stands elsewhere.
    pub(crate) fn problems(settings: &Settings) -> Vec<Error> {
        let plain = |key: &str| match settings.get(key) {
            Some(SettingValue::Plain(value)) => {
                Some(value.trim().to_owned()).filter(|value| !value.is_empty())
            }
            _ => None,
        };
        let missing = missing(
            settings,
            plain("AZURE_AUTH_METHOD").as_deref(),
            plain("AZURE_CLOUD").as_deref(),
        );
        let mut problems = Vec::new();
        if !missing.is_empty() {
            problems.push(absent(&missing));
        }
        // Where another cloud or method is meant, nobody looks at these.
        let custom = plain("AZURE_CLOUD").is_some_and(|cloud| cloud == "Custom");
        let endpoint = |key: &str| plain(key).filter(|_| custom);
        let tenant_is_used = plain("AZURE_AUTH_METHOD").is_some_and(|method| method != "managed_identity");
        let checks: [Option<Result<()>>; 8] = [
            plain("AZURE_SUBSCRIPTION_ID").map(|value| uuid("AZURE_SUBSCRIPTION_ID", &value).map(drop)),
            plain("AZURE_LOCATION").map(|value| location(&value).map(drop)),
            plain("AZURE_RESOURCE_PREFIX").map(|value| check_prefix(&value).map(drop)),
            plain("AZURE_AUTH_METHOD").map(|value| known_method(&value)),
            plain("AZURE_CLOUD").map(|value| known_cloud(&value)),
            endpoint("AZURE_RESOURCE_MANAGER_ENDPOINT")
                .map(|value| Cloud::custom(&value, SOME_ENDPOINT, None).map(drop)),
            endpoint("AZURE_AUTHORITY_HOST")
                .map(|value| Cloud::custom(SOME_ENDPOINT, &value, None).map(drop)),
            plain("AZURE_TENANT_ID")
                .filter(|_| tenant_is_used)
                .map(|value| check_tenant(value).map(drop)),
        ];
        problems.extend(checks.into_iter().flatten().filter_map(Result::err));
        problems
    }
}

/// The keys that must be there and are not. Which they are depends on the method and the cloud.
fn missing(settings: &Settings, method: Option<&str>, cloud: Option<&str>) -> Vec<&'static str> {
    let mut needed = vec!["AZURE_SUBSCRIPTION_ID", "AZURE_LOCATION", "AZURE_AUTH_METHOD"];
    needed.extend_from_slice(match method.unwrap_or_default() {
        "client_secret" => &["AZURE_TENANT_ID", "AZURE_CLIENT_ID", "AZURE_CLIENT_SECRET"],
        "client_certificate" => &[
            "AZURE_TENANT_ID",
            "AZURE_CLIENT_ID",
            "AZURE_CLIENT_CERTIFICATE_PATH",
        ],
        "workload_identity" => &["AZURE_TENANT_ID", "AZURE_CLIENT_ID", "AZURE_FEDERATED_TOKEN_FILE"],
        _ => &[],
    });
    if cloud == Some("Custom") {
        needed.extend(["AZURE_RESOURCE_MANAGER_ENDPOINT", "AZURE_AUTHORITY_HOST"]);
    }
    let absent = |key: &&str| match settings.get(key) {
        None => true,
        Some(SettingValue::Plain(value)) => value.trim().is_empty(),
        Some(SettingValue::Reference(_)) => false,
    };
    needed.into_iter().filter(absent).collect()
}

struct Reader<'a> {
    settings: &'a Settings,
    secrets: &'a dyn SecretReader,
}

impl Reader<'_> {
    fn secret(&self, key: &str) -> Result<Option<Secret>> {
        let Some(value) = self.settings.get(key) else {
            return Ok(None);
        };
        let secret = value
            .resolve(self.secrets)
            .map_err(|error| error.context(format!("cannot read setting {key}")))?;
        Ok((!secret.expose().trim().is_empty()).then_some(secret))
    }

    fn optional(&self, key: &str) -> Result<Option<String>> {
        Ok(self.secret(key)?.map(|secret| secret.expose().trim().to_owned()))
    }

    fn text(&self, key: &str) -> Result<String> {
        self.optional(key)?
            .ok_or_else(|| invalid(format!("setting {key} is empty")))
    }

    fn uuid(&self, key: &'static str) -> Result<String> {
        uuid(key, &self.text(key)?)
    }

    fn cloud(&self) -> Result<Cloud> {
        let name = self
            .optional("AZURE_CLOUD")?
            .unwrap_or_else(|| "AzurePublic".to_owned());
        known_cloud(&name)?;
        let ca_file = self.optional("AZURE_CA_FILE")?.map(PathBuf::from);
        let named = match Cloud::named(&name) {
            Some(cloud) => cloud,
            None => Cloud::custom(
                &self.text("AZURE_RESOURCE_MANAGER_ENDPOINT")?,
                &self.text("AZURE_AUTHORITY_HOST")?,
                None,
            )?,
        };
        Ok(Cloud { ca_file, ..named })
    }

    fn auth(&self, subscription: &str) -> Result<AuthMethod> {
        let method = self.text("AZURE_AUTH_METHOD")?;
        known_method(&method)?;
        let ids = || {
            let tenant = check_tenant(self.text("AZURE_TENANT_ID")?)?;
            Ok::<_, Error>((tenant, self.text("AZURE_CLIENT_ID")?))
        };
        let tenant = || self.optional("AZURE_TENANT_ID")?.map(check_tenant).transpose();
        Ok(match method.as_str() {
            "client_secret" => {
                let (tenant_id, client_id) = ids()?;
                let secret = self
                    .secret("AZURE_CLIENT_SECRET")?
                    .ok_or_else(|| invalid("setting AZURE_CLIENT_SECRET is empty".to_owned()))?;
                AuthMethod::ClientSecret {
                    tenant_id,
                    client_id,
                    secret,
                }
            }
            "client_certificate" => {
                let (tenant_id, client_id) = ids()?;
                let path = self.text("AZURE_CLIENT_CERTIFICATE_PATH")?.into();
                AuthMethod::ClientCertificate {
                    tenant_id,
                    client_id,
                    path,
                }
            }
            "workload_identity" => {
                let (tenant_id, client_id) = ids()?;
                let token_file = self.text("AZURE_FEDERATED_TOKEN_FILE")?.into();
                AuthMethod::WorkloadIdentity {
                    tenant_id,
                    client_id,
                    token_file,
                }
            }
            "managed_identity" => AuthMethod::ManagedIdentity {
                client_id: self.optional("AZURE_CLIENT_ID")?,
            },
            "azure_cli" => AuthMethod::AzureCli {
                tenant_id: tenant()?,
                subscription: subscription.to_owned(),
            },
            _ => AuthMethod::AzureDeveloperCli { tenant_id: tenant()? },
        })
    }
}

fn absent(keys: &[&str]) -> Error {
    invalid(format!("settings are missing: {}", keys.join(", ")))
        .with_hint("set them in the provider's settings; a secret may be given as env:NAME or file:PATH")
}

fn invalid(message: String) -> Error {
    Error::new(ErrorKind::InvalidInput, message)
}

fn uuid(key: &str, text: &str) -> Result<String> {
    Uuid::try_parse(text).map(|_| text.to_owned()).map_err(|_| {
        invalid(format!("setting {key} is not a UUID")).with_hint("az account show prints it as id")
    })
}

fn location(text: &str) -> Result<String> {
    let name = text.to_ascii_lowercase();
    if !name.is_empty()
        && name.len() <= 40
        && name.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit())
    {
        Ok(name)
    } else {
        Err(invalid(format!(
            "setting AZURE_LOCATION {text:?} is not the name of a region"
        ))
        .with_hint("use the short name, for example japaneast; az account list-locations prints them"))
    }
}

fn check_prefix(text: &str) -> Result<String> {
    let allowed = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.');
    if (1..=PREFIX_MAX).contains(&text.len()) && text.chars().all(allowed) {
        Ok(text.to_owned())
    } else {
        Err(invalid(format!(
            "setting AZURE_RESOURCE_PREFIX {text:?} cannot begin a name"
        ))
        .with_hint(format!("use 1 to {PREFIX_MAX} letters, digits, '-', '_' or '.'")))
    }
}

/// A tenant's id or domain; it becomes a part of a path.
fn check_tenant(text: String) -> Result<String> {
    let allowed = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '.');
    if text.chars().all(allowed) {
        return Ok(text);
    }
    Err(
        invalid("setting AZURE_TENANT_ID is not the id or the domain of a tenant".to_owned())
            .with_hint("use letters, digits, '-' and '.' only; az account show prints it as tenantId"),
    )
}

fn known_method(text: &str) -> Result<()> {
    if credential::METHODS.contains(&text) {
        return Ok(());
    }
    Err(invalid(format!("unsupported AZURE_AUTH_METHOD {text:?}"))
        .with_hint(one_of(text, &credential::METHODS)))
}

fn known_cloud(text: &str) -> Result<()> {
    if cloud::NAMES.contains(&text) {
        return Ok(());
    }
    Err(invalid(format!("unsupported AZURE_CLOUD {text:?}")).with_hint(one_of(text, &cloud::NAMES)))
}

fn one_of(text: &str, known: &[&str]) -> String {
    match suggest::nearest(text, known.iter().copied()) {
        Some(nearest) => format!("did you mean {nearest}?"),
        None => format!("use one of {}", known.join(", ")),
    }
}

#[cfg(test)]
mod tests {
    use kompox_domain::SecretRef;

    use kompox_domain::Hint;

    use super::*;

    struct NoSecrets;

    impl SecretReader for NoSecrets {
        fn read(&self, reference: &SecretRef) -> Result<Secret> {
            Err(invalid(format!("{reference} is not set")))
        }
    }

    const ID: &str = "00000000-0000-0000-0000-000000000001";

    fn settings(pairs: &[(&str, &str)]) -> Settings {
        let base = [
            ("AZURE_SUBSCRIPTION_ID", ID),
            ("AZURE_LOCATION", "japaneast"),
            ("AZURE_AUTH_METHOD", "azure_cli"),
        ];
        let own = |(key, value): &(&str, &str)| ((*key).to_owned(), SettingValue::Plain((*value).to_owned()));
        base.iter().chain(pairs).map(own).collect()
    }

    fn read(pairs: &[(&str, &str)]) -> Result<ProviderSettings> {
        ProviderSettings::read(&settings(pairs), &NoSecrets)
    }

    #[test]
    fn all_missing_keys_are_named_in_one_error() {
        let error = ProviderSettings::read(&Settings::default(), &NoSecrets).unwrap_err();
        assert_eq!(
            error.to_string(),
            "settings are missing: AZURE_SUBSCRIPTION_ID, AZURE_LOCATION, AZURE_AUTH_METHOD"
        );
        let error = read(&[("AZURE_AUTH_METHOD", "client_secret"), ("AZURE_CLOUD", "Custom")]).unwrap_err();
        for key in [
            "AZURE_TENANT_ID",
            "AZURE_CLIENT_ID",
            "AZURE_CLIENT_SECRET",
            "AZURE_RESOURCE_MANAGER_ENDPOINT",
            "AZURE_AUTHORITY_HOST",
        ] {
            assert!(error.to_string().contains(key), "{key}: {error}");
        }
    }

    #[test]
    fn every_method_is_read_with_what_belongs_to_it() {
        for method in credential::METHODS {
            let all = [
                ("AZURE_AUTH_METHOD", method),
                ("AZURE_TENANT_ID", ID),
                ("AZURE_CLIENT_ID", ID),
                ("AZURE_CLIENT_SECRET", "s"),
                ("AZURE_CLIENT_CERTIFICATE_PATH", "/c"),
                ("AZURE_FEDERATED_TOKEN_FILE", "/t"),
            ];
            let auth = read(&all).unwrap().auth;
            let matches = match auth {
                AuthMethod::ClientSecret { .. } => method == "client_secret",
                AuthMethod::ClientCertificate { .. } => method == "client_certificate",
                AuthMethod::ManagedIdentity { client_id } => {
                    method == "managed_identity" && client_id.is_some()
                }
                AuthMethod::WorkloadIdentity { .. } => method == "workload_identity",
                AuthMethod::AzureCli { .. } => method == "azure_cli",
                AuthMethod::AzureDeveloperCli { .. } => method == "azure_developer_cli",
            };
            assert!(matches, "{method}");
        }
    }

    #[test]
    fn an_unknown_method_or_cloud_says_which_there_are() {
        let error = read(&[("AZURE_AUTH_METHOD", "password")]).unwrap_err();
        assert!(error.to_string().contains("unsupported AZURE_AUTH_METHOD"));
        assert!(format!("{:?}", error.hints()).contains("client_secret"));
        let error = read(&[("AZURE_CLOUD", "AzurePublik")]).unwrap_err();
        assert_eq!(error.hints(), [Hint::text("did you mean AzurePublic?")]);
    }

    #[test]
    fn what_would_end_up_in_a_path_is_checked() {
        let (longest, longer) = ("p".repeat(32), "p".repeat(33));
        for (key, bad) in [
            ("AZURE_SUBSCRIPTION_ID", "../../x"),
            ("AZURE_LOCATION", "japan/east"),
            ("AZURE_RESOURCE_PREFIX", &longer),
        ] {
            let error = read(&[(key, bad)]).unwrap_err().to_string();
            assert!(error.contains(key), "{key}: {error}");
        }
        let read = read(&[("AZURE_RESOURCE_PREFIX", &longest)]).unwrap();
        assert_eq!(read.prefix.as_deref(), Some(longest.as_str()));
    }

    #[test]
    fn sovereign_and_custom_clouds_have_their_endpoints() {
        let china = read(&[("AZURE_CLOUD", "AzureChina")]).unwrap().cloud;
        assert_eq!(
            china.arm_endpoint.as_str(),
            "https://management.chinacloudapi.cn/"
        );
        let custom = read(&[
            ("AZURE_CLOUD", "Custom"),
            ("AZURE_RESOURCE_MANAGER_ENDPOINT", "https://127.0.0.1:8443"),
            ("AZURE_AUTHORITY_HOST", "https://127.0.0.1:8443"),
            ("AZURE_CA_FILE", "/ca.pem"),
        ])
        .unwrap()
        .cloud;
        assert_eq!(custom.scope, "https://127.0.0.1:8443/.default");
        assert_eq!(custom.ca_file.unwrap().to_str(), Some("/ca.pem"));
    }

    #[test]
    fn offline_and_online_refuse_the_same() {
        let custom = ("AZURE_CLOUD", "Custom");
        let arm = ("AZURE_RESOURCE_MANAGER_ENDPOINT", "https://127.0.0.1:8443");
        let authority = ("AZURE_AUTHORITY_HOST", "https://127.0.0.1:8443");
        let bad: [(&str, &[(&str, &str)]); 5] = [
            (arm.0, &[custom, (arm.0, "http://127.0.0.1"), authority]),
            (arm.0, &[custom, (arm.0, "no address"), authority]),
            (authority.0, &[custom, arm, (authority.0, "https://user@host")]),
            ("AZURE_TENANT_ID", &[("AZURE_TENANT_ID", "a/b")]),
            (
                "AZURE_TENANT_ID",
                &[
                    ("AZURE_AUTH_METHOD", "azure_developer_cli"),
                    ("AZURE_TENANT_ID", "a b"),
                ],
            ),
        ];
        for (key, pairs) in bad {
            let offline = ProviderSettings::problems(&settings(pairs));
            let told: Vec<String> = offline.iter().map(ToString::to_string).collect();
            assert_eq!(told, [read(pairs).unwrap_err().to_string()], "{pairs:?}");
            assert!(told.iter().all(|told| told.contains(key)), "{told:?}");
        }
        let good: [&[(&str, &str)]; 5] = [
            &[
                custom,
                arm,
                authority,
                ("AZURE_TENANT_ID", " contoso.example.com "),
            ],
            // Nobody looks at these.
            &[(arm.0, "no address"), (authority.0, "no address")],
            &[
                ("AZURE_AUTH_METHOD", "managed_identity"),
                ("AZURE_TENANT_ID", "a/b"),
            ],
            &[("AZURE_LOCATION", " japaneast "), ("AZURE_CLOUD", "")],
            &[("AZURE_TENANT_ID", "")],
        ];
        for pairs in good {
            assert!(
                ProviderSettings::problems(&settings(pairs)).is_empty(),
                "{pairs:?}"
            );
            assert!(read(pairs).is_ok(), "{pairs:?}");
        }
    }

    #[test]
    fn offline_a_value_that_stands_elsewhere_is_not_read() {
        let mut pairs: Vec<(String, SettingValue)> = settings(&[
            ("AZURE_AUTH_METHOD", "client_secret"),
            ("AZURE_TENANT_ID", ID),
            ("AZURE_CLIENT_ID", ID),
        ])
        .iter()
        .map(|(key, value)| (key.to_owned(), value.clone()))
        .collect();
        let secret = SettingValue::Reference(SecretRef::Env("NAME".to_owned()));
        pairs.push(("AZURE_CLIENT_SECRET".to_owned(), secret));
        assert!(ProviderSettings::problems(&pairs.into_iter().collect()).is_empty());
    }
}
