//! Signing in: from a method and its settings to a credential.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use async_trait::async_trait;
use azure_core::credentials::{Secret as CoreSecret, TokenCredential};
use azure_core::error::ErrorKind as CoreKind;
use azure_core::http::{ClientMethodOptions, ClientOptions};
use azure_identity::{
    AzureCliCredential, AzureCliCredentialOptions, AzureDeveloperCliCredential,
    AzureDeveloperCliCredentialOptions, ClientAssertion, ClientAssertionCredential,
    ClientAssertionCredentialOptions, ClientSecretCredential, ClientSecretCredentialOptions,
    ManagedIdentityCredential, ManagedIdentityCredentialOptions, UserAssignedId,
};
use kompox_domain::{Error, ErrorKind, Hint, Secret};
use kompox_files::Unusable;

/// How to sign in. The variants are the values of `AZURE_AUTH_METHOD`.
#[derive(Debug, Clone)]
pub enum AuthMethod {
    /// `client_secret`: an application with a secret.
    ClientSecret {
        /// The tenant.
        tenant_id: String,
        /// The application.
        client_id: String,
        /// Its secret.
        secret: Secret,
    },
    /// `client_certificate`: an application with a certificate.
    ClientCertificate {
        /// The tenant.
        tenant_id: String,
        /// The application.
        client_id: String,
        /// A PKCS #12 file with certificate and key, without a password.
        path: PathBuf,
    },
    /// `managed_identity`: the identity of the machine this runs on.
    ManagedIdentity {
        /// A user-assigned identity; the system-assigned one without.
        client_id: Option<String>,
    },
    /// `workload_identity`: a token of a federated issuer, such as a Kubernetes service account's.
    WorkloadIdentity {
        /// The tenant.
        tenant_id: String,
        /// The application or identity.
        client_id: String,
        /// Where the token stands.
        token_file: PathBuf,
    },
    /// `azure_cli`: whoever is signed in to `az`.
    AzureCli {
        /// The tenant; that of `az` without.
        tenant_id: Option<String>,
        /// The subscription whose account is used where no tenant is given.
        subscription: String,
    },
    /// `azure_developer_cli`: whoever is signed in to `azd`.
    AzureDeveloperCli {
        /// The tenant; that of `azd` without.
        tenant_id: Option<String>,
    },
}

/// The values of `AZURE_AUTH_METHOD`.
pub const METHODS: [&str; 6] = [
    "client_secret",
    "client_certificate",
    "managed_identity",
    "workload_identity",
    "azure_cli",
    "azure_developer_cli",
];

impl AuthMethod {
    /// Whether this program asks Entra ID itself for a token. Else the machine is asked, or another program.
    pub(crate) const fn asks_authority(&self) -> bool {
        match self {
            Self::ClientSecret { .. } | Self::ClientCertificate { .. } | Self::WorkloadIdentity { .. } => {
                true
            }
            Self::ManagedIdentity { .. } | Self::AzureCli { .. } | Self::AzureDeveloperCli { .. } => false,
        }
    }

    /// Makes a credential. Reads files, but sends nothing.
    ///
    /// # Errors
    /// `InvalidInput` for values that cannot be meant; `Unsupported` for a method this program was built without.
    pub(crate) fn credential(&self, options: ClientOptions) -> Result<Arc<dyn TokenCredential>, Error> {
        let invalid = |error: azure_core::Error| {
            Error::new(
                ErrorKind::InvalidInput,
                "the settings for signing in are not usable",
            )
            .with_source(error)
        };
        Ok(match self {
            Self::ClientSecret {
                tenant_id,
                client_id,
                secret,
            } => ClientSecretCredential::new(
                tenant_id,
                client_id.clone(),
                CoreSecret::new(secret.expose().to_owned()),
                Some(ClientSecretCredentialOptions {
                    client_options: options,
                }),
            )
            .map_err(invalid)?,
            Self::ClientCertificate {
                tenant_id,
                client_id,
                path,
            } => certificate(tenant_id, client_id, path, options)?,
            Self::ManagedIdentity { client_id } => {
                ManagedIdentityCredential::new(Some(ManagedIdentityCredentialOptions {
                    user_assigned_id: client_id.clone().map(UserAssignedId::ClientId),
                    client_options: options,
                }))
                .map_err(invalid)?
            }
            Self::WorkloadIdentity {
                tenant_id,
                client_id,
                token_file,
            } => {
                let token = FederatedToken(token_file.clone());
                // What is wrong with the file is told before anything is sent.
                token.read().map_err(|unusable| {
                    unusable
                        .told_of(token.named())
                        .with_hint("it must hold the service account's token")
                })?;
                let options = ClientAssertionCredentialOptions {
                    client_options: options,
                };
                ClientAssertionCredential::new(tenant_id.clone(), client_id.clone(), token, Some(options))
                    .map_err(invalid)?
            }
            Self::AzureCli {
                tenant_id,
                subscription,
            } => AzureCliCredential::new(Some(AzureCliCredentialOptions {
                // az takes only one of the two: github.com/Azure/azure-cli/issues/32755.
                subscription: tenant_id.is_none().then(|| subscription.clone()),
                tenant_id: tenant_id.clone(),
                ..Default::default()
            }))
            .map_err(invalid)?,
            Self::AzureDeveloperCli { tenant_id } => {
                AzureDeveloperCliCredential::new(Some(AzureDeveloperCliCredentialOptions {
                    tenant_id: tenant_id.clone(),
                    ..Default::default()
                }))
                .map_err(invalid)?
            }
        })
    }
}

/// The token of a federated issuer, in a file that is written anew before the token expires.
///
/// The SDK's own reads whatever the path leads to, and sends what an editor put around the token.
#[derive(Debug, Clone)]
struct FederatedToken(PathBuf);

impl FederatedToken {
    fn named(&self) -> String {
        format!("AZURE_FEDERATED_TOKEN_FILE {}", self.0.display())
    }

    fn read(&self) -> Result<String, Unusable> {
        kompox_files::read_text_value(&self.0, kompox_files::SMALL)
    }
}

#[async_trait]
impl ClientAssertion for FederatedToken {
    async fn secret(&self, _: Option<ClientMethodOptions<'_>>) -> azure_core::Result<String> {
        let token = self.clone();
        let read = tokio::task::spawn_blocking(move || token.read())
            .await
            .map_err(|error| azure_core::Error::new(CoreKind::Credential, error))?;
        read.map_err(|unusable| {
            let message = format!("{} {unusable}", self.named());
            azure_core::Error::with_error(CoreKind::Credential, unusable, message)
        })
    }
}

#[cfg(feature = "client_certificate")]
fn certificate(
    tenant_id: &str,
    client_id: &str,
    path: &Path,
    options: ClientOptions,
) -> Result<Arc<dyn TokenCredential>, Error> {
    use azure_identity::{ClientCertificateCredential, ClientCertificateCredentialOptions};
    const HINT: &str = "give a PKCS #12 file with certificate and private key, without a password";
    let named = format!("AZURE_CLIENT_CERTIFICATE_PATH {}", path.display());
    // Binary: every byte of it counts.
    let bytes = kompox_files::read(path, kompox_files::SMALL)
        .map_err(|unusable| unusable.told_of(&named).with_hint(HINT))?;
    let options = ClientCertificateCredentialOptions {
        client_options: options,
        ..Default::default()
    };
    let credential = ClientCertificateCredential::new(
        tenant_id.to_owned(),
        client_id.to_owned(),
        azure_core::credentials::SecretBytes::new(bytes),
        Some(options),
    )
    .map_err(|error| {
        Error::new(ErrorKind::InvalidInput, format!("{named} is not usable"))
            .with_source(error)
            .with_hint(HINT)
    })?;
    Ok(credential)
}

#[cfg(not(feature = "client_certificate"))]
fn certificate(
    _tenant_id: &str,
    _client_id: &str,
    _path: &Path,
    _options: ClientOptions,
) -> Result<Arc<dyn TokenCredential>, Error> {
    Err(Error::new(
        ErrorKind::Unsupported,
        "this program was built without client_certificate",
    )
    .with_hints([
        Hint::text("build it with the feature client_certificate"),
        Hint::setting("or choose another", "AZURE_AUTH_METHOD"),
    ]))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn make(method: AuthMethod) -> Result<crate::token::TokenPolicy, Error> {
        let cloud = crate::cloud::Cloud::named("AzurePublic").unwrap();
        let transport = crate::transport::transport(None, crate::transport::Proxies::Never).unwrap();
        crate::token::TokenPolicy::new(method, &cloud, transport)
    }

    fn ids() -> (String, String) {
        (
            "00000000-0000-0000-0000-000000000001".to_owned(),
            "00000000-0000-0000-0000-000000000002".to_owned(),
        )
    }

    #[test]
    fn every_method_makes_a_credential_without_sending_anything() {
        let (tenant_id, client_id) = ids();
        let secret = Secret::new("s".to_owned());
        let directory = tempfile::tempdir().unwrap();
        let token_file = directory.path().join("token");
        std::fs::write(&token_file, "header.payload.signature").unwrap();
        for method in [
            AuthMethod::ClientSecret {
                tenant_id: tenant_id.clone(),
                client_id: client_id.clone(),
                secret,
            },
            AuthMethod::ManagedIdentity { client_id: None },
            AuthMethod::ManagedIdentity {
                client_id: Some(client_id.clone()),
            },
            AuthMethod::WorkloadIdentity {
                tenant_id: tenant_id.clone(),
                client_id,
                token_file,
            },
            AuthMethod::AzureCli {
                tenant_id: Some(tenant_id.clone()),
                subscription: "s".to_owned(),
            },
            AuthMethod::AzureDeveloperCli {
                tenant_id: Some(tenant_id),
            },
        ] {
            assert!(make(method.clone()).is_ok(), "{method:?}");
        }
    }

    #[cfg(not(feature = "client_certificate"))]
    #[test]
    fn a_certificate_without_the_feature_says_how_to_get_it() {
        let (tenant_id, client_id) = ids();
        let error = make(AuthMethod::ClientCertificate {
            tenant_id,
            client_id,
            path: "x".into(),
        })
        .unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Unsupported);
        assert!(format!("{:?}", error.hints()).contains("client_certificate"));
    }

    #[test]
    fn a_missing_token_file_is_named() {
        let (tenant_id, client_id) = ids();
        let method = AuthMethod::WorkloadIdentity {
            tenant_id,
            client_id,
            token_file: "/nowhere/token".into(),
        };
        assert!(make(method).unwrap_err().to_string().contains("/nowhere/token"));
    }

    #[test]
    fn no_secret_shows_in_debug() {
        let (tenant_id, client_id) = ids();
        let secret = Secret::new("hunter2".to_owned());
        let method = AuthMethod::ClientSecret {
            tenant_id,
            client_id,
            secret,
        };
        assert!(!format!("{method:?} {:?}", make(method.clone()).unwrap()).contains("hunter2"));
    }
}
