//! What keeps a cluster from answering.

use std::error::Error as StdError;
use std::io;
use std::time::Duration;

use kompox_domain::{Argument, Error, ErrorKind, Hint, Operation};
use kompox_proxy::ProxyError;
use kube::core::Status;
use kube::core::response::StatusCause;

use super::texts;

/// What kind of trouble it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Trouble {
    /// The kubeconfig is not enough to connect with.
    Config,
    /// The proxy that a variable or the kubeconfig names cannot be used.
    Proxy,
    /// The server's name cannot be resolved here.
    Dns,
    /// Nobody listens there, or the way there is closed.
    Unreachable,
    /// Nobody answered in time: most often a firewall, or no way into a private network.
    Timeout,
    /// The other side is not who it should be, or does not take our certificate.
    Tls,
    /// The server does not know who asks.
    Unauthorized,
    /// The server knows who asks, and that they may not.
    Forbidden,
    /// A rule of the cluster is against it, whoever asks.
    Refused,
    /// It is not there.
    NotFound,
    /// It is there already.
    AlreadyExists,
    /// Somebody else was faster.
    Conflict,
    /// Other programs look after fields that are to be changed.
    FieldsOwned,
    /// What was sent cannot be meant.
    Invalid,
    /// There are too many requests.
    Throttled,
    /// The server has trouble of its own.
    Unavailable,
    /// Something answered, and not as an API server does.
    Protocol,
    /// Anything else.
    Other,
}

impl Trouble {
    /// The word for it, in camel case, as reasons of conditions are.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Config => "kubeconfigUnusable",
            Self::Proxy => "proxyUnusable",
            Self::Dns => "nameNotResolved",
            Self::Unreachable => "unreachable",
            Self::Timeout => "noAnswer",
            Self::Tls => "certificateRefused",
            Self::Unauthorized => "unauthorized",
            Self::Forbidden => "forbidden",
            Self::Refused => "refused",
            Self::NotFound => "notFound",
            Self::AlreadyExists => "alreadyExists",
            Self::Conflict => "conflict",
            Self::FieldsOwned => "fieldsOwned",
            Self::Invalid => "invalid",
            Self::Throttled => "throttled",
            Self::Unavailable => "unavailable",
            Self::Protocol => "strangeAnswer",
            Self::Other => "failed",
        }
    }
}

/// A cluster that did not do what it was asked for. Its text says why in a sentence, and holds no credential.
#[derive(Debug, thiserror::Error)]
#[error("{message}")]
pub struct KubeError {
    trouble: Trouble,
    transient: bool,
    unrefused: bool,
    retry_after: Option<Duration>,
    message: String,
    source: Option<Box<dyn StdError + Send + Sync>>,
}

impl KubeError {
    /// What kind of trouble it is.
    #[must_use]
    pub const fn trouble(&self) -> Trouble {
        self.trouble
    }

    /// Whether the same request may fare better in a moment.
    pub(crate) const fn is_transient(&self) -> bool {
        self.transient
    }

    /// Whether a write that ended so may have taken effect: an attempt of it reached the server, or may have, and was
    /// not refused. Of a read it says nothing.
    pub(crate) const fn may_have_taken_effect(&self) -> bool {
        self.unrefused
    }

    /// The same of a write of which an earlier attempt was not refused.
    pub(super) fn after_lost_attempt(mut self) -> Self {
        self.unrefused = true;
        self
    }

    /// How long the server asks to wait before the next request. «At once» from a server in trouble is no wish to be
    /// kept to the letter.
    pub(super) fn retry_after(&self) -> Option<Duration> {
        self.retry_after.filter(|wait| !wait.is_zero())
    }

    pub(super) fn with_retry_after(mut self, wait: Option<Duration>) -> Self {
        self.retry_after = wait;
        self
    }

    /// Something answered that is no API server, or not in its right mind.
    pub(super) fn protocol(server: &str, why: &str) -> Self {
        Self {
            trouble: Trouble::Protocol,
            transient: false,
            unrefused: true,
            retry_after: None,
            message: format!("{}: {why}", sentence(Trouble::Protocol, server)),
            source: None,
        }
    }

    pub(super) fn invalid(why: &str) -> Self {
        Self {
            trouble: Trouble::Config,
            transient: false,
            unrefused: false,
            retry_after: None,
            message: format!("the kubeconfig is not enough to connect with: {why}"),
            source: None,
        }
    }

    pub(super) fn config(why: &str, source: impl StdError + Send + Sync + 'static) -> Self {
        Self {
            source: Some(Box::new(source)),
            ..Self::invalid(why)
        }
    }

    pub(super) fn timeout(server: &str) -> Self {
        Self {
            trouble: Trouble::Timeout,
            transient: true,
            unrefused: true,
            retry_after: None,
            message: sentence(Trouble::Timeout, server),
            source: None,
        }
    }

    /// What kept a request from being sent or answered.
    pub(super) fn sending(server: &str, error: Box<dyn StdError + Send + Sync>) -> Self {
        match error.downcast::<kube::Error>() {
            Ok(error) => Self::of(server, *error),
            Err(error) => Self::of(server, kube::Error::Service(error)),
        }
    }

    /// What the client ended with: what the layer under it has told already, or what it says itself.
    pub(super) fn of(server: &str, error: kube::Error) -> Self {
        let error = match error {
            kube::Error::Service(source) => match source.downcast::<Self>() {
                Ok(told) => return *told,
                Err(source) => kube::Error::Service(source),
            },
            kube::Error::FromUtf8(_) => return Self::protocol(server, "the answer is no text"),
            other => other,
        };
        let trouble = trouble(&error);
        let unrefused = !was_not_sent(trouble, &error);
        let source: Box<dyn StdError + Send + Sync> = match error {
            // A box of the same kind; what is around it says nothing more.
            kube::Error::Service(source) => source,
            other => Box::new(other),
        };
        Self {
            trouble,
            transient: matches!(trouble, Trouble::Unreachable | Trouble::Timeout),
            unrefused,
            retry_after: None,
            message: sentence(trouble, server),
            source: Some(source),
        }
    }

    /// What an API server refused.
    pub(super) fn refused(server: &str, status: &Status) -> Self {
        let trouble = answered(status);
        Self {
            trouble,
            transient: status.code == 408 || status.code == 429 || (status.code >= 500 && status.code != 501),
            unrefused: status.code == 408 || (status.code >= 500 && status.code != 501),
            retry_after: None,
            message: told(trouble, server, status),
            source: None,
        }
    }
}

impl From<ProxyError> for KubeError {
    fn from(error: ProxyError) -> Self {
        Self {
            trouble: Trouble::Proxy,
            transient: false,
            unrefused: false,
            retry_after: None,
            message: error.to_string(),
            source: None,
        }
    }
}

fn sentence(trouble: Trouble, server: &str) -> String {
    match trouble {
        Trouble::Config | Trouble::Proxy => format!("there is no way to connect to {server}"),
        Trouble::Dns => format!("the name in {server} cannot be resolved here"),
        Trouble::Unreachable => format!("nobody listens at {server}"),
        Trouble::Timeout => format!("{server} does not answer"),
        Trouble::Tls => format!("{server} and this program do not trust each other's certificates"),
        Trouble::Unauthorized => format!("{server} does not take the credential"),
        Trouble::Forbidden => format!("{server} does not allow it"),
        Trouble::Refused => format!("a rule of {server} is against it"),
        Trouble::NotFound => format!("{server} does not have it"),
        Trouble::AlreadyExists => format!("{server} has it already"),
        Trouble::Conflict => format!("somebody else changed it on {server} at the same time"),
        Trouble::FieldsOwned => format!("other programs look after parts of it on {server}"),
        Trouble::Invalid => format!("{server} finds it invalid"),
        Trouble::Throttled => format!("{server} has too many requests to answer"),
        Trouble::Unavailable => format!("{server} has trouble of its own"),
        Trouble::Protocol => format!("{server} does not answer as an API server does"),
        Trouble::Other => format!("{server} did not do what it was asked for"),
    }
}

fn trouble(error: &kube::Error) -> Trouble {
    let mut next: Option<&(dyn StdError + 'static)> = Some(error);
    while let Some(error) = next {
        if let Some(trouble) = one(error) {
            return trouble;
        }
        next = error.source();
    }
    Trouble::Other
}

/// Whether no connection was made over which the request could have gone.
fn was_not_sent(trouble: Trouble, error: &kube::Error) -> bool {
    let outermost: &(dyn StdError + 'static) = error;
    let mut chain = std::iter::successors(Some(outermost), |error| (*error).source());
    match trouble {
        // Trouble with TLS may come after the handshake, when the request was sent.
        Trouble::Config | Trouble::Proxy | Trouble::Dns => true,
        Trouble::Unreachable => chain
            .filter_map(|error| error.downcast_ref::<io::Error>())
            .any(|error| {
                matches!(
                    error.kind(),
                    io::ErrorKind::ConnectionRefused
                        | io::ErrorKind::HostUnreachable
                        | io::ErrorKind::NetworkUnreachable
                        | io::ErrorKind::NetworkDown
                )
            }),
        // A request that could not even be built.
        _ => chain.any(<dyn StdError>::is::<http::Error>),
    }
}

/// What an answer says.
fn answered(status: &Status) -> Trouble {
    let has = |reason: &str| causes(status).any(|cause| cause.reason == reason);
    match status.code {
        401 => Trouble::Unauthorized,
        // Of a namespace that is on its way out; a moment later there is none.
        403 if has("NamespaceTerminating") => Trouble::Conflict,
        403 if texts::is_a_rule(&status.message) => Trouble::Refused,
        403 => Trouble::Forbidden,
        404 => Trouble::NotFound,
        409 if has("FieldManagerConflict") => Trouble::FieldsOwned,
        409 if status.reason == "AlreadyExists" => Trouble::AlreadyExists,
        409 => Trouble::Conflict,
        400 | 422 => Trouble::Invalid,
        408 | 504 => Trouble::Timeout,
        429 => Trouble::Throttled,
        500.. => Trouble::Unavailable,
        _ => Trouble::Other,
    }
}

fn causes(status: &Status) -> impl Iterator<Item = &StatusCause> {
    status.details.iter().flat_map(|details| &details.causes)
}

/// The sentence, and what the server says: for each field what is wrong with it, unless that has been said.
fn told(trouble: Trouble, server: &str, status: &Status) -> String {
    let sentence = sentence(trouble, server);
    let mut said = if trouble == Trouble::FieldsOwned {
        // It says how many there are, and then the same as the causes.
        String::new()
    } else {
        status.message.clone()
    };
    for cause in causes(status) {
        let text = match cause.field.as_str() {
            "" => cause.message.clone(),
            field => format!("{field}: {}", cause.message),
        };
        if !said.contains(&cause.message) || !said.contains(&cause.field) {
            said = if said.is_empty() {
                text
            } else {
                format!("{said}; {text}")
            };
        }
    }
    if said.is_empty() {
        sentence
    } else {
        format!("{sentence}: {said}")
    }
}

/// What one error of a chain says by itself.
fn one(error: &(dyn StdError + 'static)) -> Option<Trouble> {
    if error.is::<rustls::Error>() {
        return Some(Trouble::Tls);
    }
    // The resolver's error has no type that anybody could name.
    if error.to_string().starts_with("dns error") {
        return Some(Trouble::Dns);
    }
    let error = error.downcast_ref::<io::Error>()?;
    // An error of another library inside is not among the sources: those begin behind it.
    if let Some(inner) = error.get_ref()
        && let Some(trouble) = one(inner)
    {
        return Some(trouble);
    }
    match error.kind() {
        io::ErrorKind::TimedOut => Some(Trouble::Timeout),
        io::ErrorKind::ConnectionRefused
        | io::ErrorKind::ConnectionReset
        | io::ErrorKind::ConnectionAborted
        | io::ErrorKind::HostUnreachable
        | io::ErrorKind::NetworkUnreachable
        | io::ErrorKind::NetworkDown => Some(Trouble::Unreachable),
        _ => None,
    }
}

impl From<KubeError> for Error {
    fn from(error: KubeError) -> Self {
        let (kind, hints) = match (error.trouble, error.retry_after()) {
            (Trouble::Throttled, Some(wait)) => {
                let asked = Hint::text(format!("the cluster asks to wait {} s", wait.as_secs()));
                let more = Hint::argument("give it more time", Argument::Timeout);
                (ErrorKind::Throttled, vec![asked, more])
            }
            (trouble, _) => advice(trouble),
        };
        Self::new(kind, error.to_string())
            .with_hints(hints)
            .with_source(error)
    }
}

/// The kind of an error by its trouble, and what can be done about it.
fn advice(trouble: Trouble) -> (ErrorKind, Vec<Hint>) {
    let again = || vec!["run it again".into()];
    match trouble {
        Trouble::Config => (
            ErrorKind::Internal,
            vec![Hint::command("get a new kubeconfig", Operation::ClusterKubeconfig)],
        ),
        Trouble::Proxy => (ErrorKind::InvalidInput, vec![ProxyError::HINT.into()]),
        Trouble::Dns => (
            ErrorKind::Unavailable,
            vec!["a private cluster's name is known in its network only: run it there, or use its public name".into()],
        ),
        Trouble::Unreachable | Trouble::Timeout => (
            ErrorKind::Unavailable,
            vec!["check that the cluster runs, the network, HTTPS_PROXY and NO_PROXY, and the address ranges that it allows".into()],
        ),
        Trouble::Tls => (
            ErrorKind::Unavailable,
            vec!["a proxy may stand between: name the server in NO_PROXY; or the cluster was made anew".into()],
        ),
        Trouble::Unauthorized => (
            ErrorKind::Unauthenticated,
            vec![Hint::command("sign in again, or get a new kubeconfig", Operation::ClusterKubeconfig)],
        ),
        Trouble::Forbidden => (
            ErrorKind::PermissionDenied,
            vec!["ask for a role in the cluster, such as Azure Kubernetes Service RBAC Cluster Admin".into()],
        ),
        Trouble::Refused => (
            ErrorKind::Precondition,
            vec!["look at the quotas and admission policies of the cluster".into()],
        ),
        Trouble::NotFound => (ErrorKind::NotFound, again()),
        Trouble::AlreadyExists | Trouble::Conflict => (ErrorKind::Conflict, again()),
        Trouble::FieldsOwned => (
            ErrorKind::Conflict,
            vec![
                "stop the other program".into(),
                Hint::argument("or take the fields over", Argument::Force),
            ],
        ),
        Trouble::Invalid => (
            ErrorKind::InvalidInput,
            vec!["correct what is named; a field that cannot be changed needs the object deleted first".into()],
        ),
        Trouble::Throttled => (
            ErrorKind::Throttled,
            vec![
                "wait a little".into(),
                Hint::argument("or let the wait fit in", Argument::Timeout),
            ],
        ),
        Trouble::Unavailable => (
            ErrorKind::Unavailable,
            vec!["the cluster has trouble on its side; look at its state in the Azure portal, and run it again".into()],
        ),
        Trouble::Protocol => (
            ErrorKind::Unavailable,
            vec!["a proxy may have answered in the cluster's place; check HTTPS_PROXY and NO_PROXY".into()],
        ),
        Trouble::Other => (ErrorKind::Failed, again()),
    }
}
