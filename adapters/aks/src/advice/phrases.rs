//! What can be done about the errors whose code tells too little, by what Azure says.

use std::borrow::Cow;

use kompox_domain::hint::Means;
use kompox_domain::{Argument, ErrorKind, Hint, Operation};

use super::codes::OTHER_SIZE;

/// Where a phrase counts.
#[derive(Debug, Clone, Copy)]
pub(super) enum Anchor {
    /// Under these codes.
    Codes(&'static [&'static str]),
    /// Under any code, as ARM publishes none: where the message begins so, and goes on with the phrase.
    Begins(&'static str),
}

/// The codes with which services refuse a name that something deleted still has: Key Vault
/// (learn.microsoft.com/azure/key-vault/general/key-vault-recovery), Cognitive Services
/// (learn.microsoft.com/azure/ai-services/recover-purge-resources), and any that says no more than 409.
const STILL_KEPT: Anchor = Anchor::Codes(&["ConflictError", "FlagMustBeSetForRestore", "Conflict"]);

/// Kind and advice by what is said, where the code tells too little. Each phrase has a blank, as no name and no address
/// has; what a message quotes does not count.
pub(super) const PHRASES: &[(Anchor, &str, ErrorKind, &[Hint])] = &[
    (
        // learn.microsoft.com/azure/azure-resource-manager/bicep/deployment-stacks
        Anchor::Begins("the deployment stack "),
        "might not have an accurate list of managed resources",
        ErrorKind::Precondition,
        &[
            Hint::fixed(
                "look at what the stack and the resource group hold, then run it again",
                Some(Means::arguments(&[Argument::Force])),
            ),
            Hint::fixed(
                "only if that fails and nothing else is in the stack, set it right",
                Some(Means::foreign(
                    "az stack sub create --bypass-stack-out-of-sync-error",
                )),
            ),
        ],
    ),
    (
        STILL_KEPT,
        "already exists in deleted state",
        ErrorKind::Conflict,
        &[
            Hint::fixed("it was deleted and is still kept", None),
            Hint::fixed("purge it", Some(Means::foreign("az keyvault purge"))),
            Hint::fixed("or recover it", Some(Means::foreign("az keyvault recover"))),
            Hint::fixed(
                "or, where a deprovisioning of this cluster was cut short, let it end",
                Some(Means::operation(Operation::ClusterDeprovision)),
            ),
        ],
    ),
    (
        STILL_KEPT,
        "been soft-deleted",
        ErrorKind::Conflict,
        &[Hint::fixed(
            "it was deleted and is still kept: purge it, or recover it",
            None,
        )],
    ),
    (
        STILL_KEPT,
        "is soft-deleted",
        ErrorKind::Conflict,
        &[Hint::fixed(
            "it was deleted and is still kept: purge it, or recover it",
            None,
        )],
    ),
    (
        STILL_KEPT,
        "soft-deleted state",
        ErrorKind::Conflict,
        &[Hint::fixed(
            "it was deleted and is still kept: purge it, or recover it",
            None,
        )],
    ),
    (
        // learn.microsoft.com/azure/aks/manage-local-accounts-managed-azure-ad
        Anchor::Codes(&["BadRequest"]),
        "Getting static credential isn't allowed",
        ErrorKind::Precondition,
        &[Hint::fixed(
            "local accounts are off: sign in as yourself",
            Some(Means::arguments(&[Argument::Credential(Cow::Borrowed("user"))])),
        )],
    ),
    (
        // learn.microsoft.com/azure/azure-resource-manager/troubleshooting/error-resource-quota
        Anchor::Codes(&["OperationNotAllowed", "QuotaExceeded"]),
        "vCPU quota",
        ErrorKind::QuotaExceeded,
        &[
            Hint::fixed("ask for more cores of that family", None),
            Hint::fixed(
                "see how many there are",
                Some(Means::foreign("az vm list-usage --location <region>")),
            ),
            OTHER_SIZE,
        ],
    ),
    (
        // learn.microsoft.com/azure/aks/start-stop-cluster
        Anchor::Codes(&["OperationNotAllowed", "BadRequest"]),
        "stopped power state",
        ErrorKind::Precondition,
        &[Hint::fixed(
            "start the cluster first",
            Some(Means::foreign("az aks start")),
        )],
    ),
];

/// A message without what stands in quotes. An apostrophe within a word is none.
pub(super) fn unquoted(message: &str) -> String {
    let mut own = String::with_capacity(message.len());
    let (mut quote, mut before) = (None, ' ');
    for character in message.chars() {
        let is_quote = matches!(character, '\'' | '"' | '`');
        match quote {
            Some(open) if open == character => quote = None,
            Some(_) => {}
            None if is_quote && !before.is_alphanumeric() => quote = Some(character),
            None => own.push(character),
        }
        before = character;
    }
    own
}

/// Kind and advice by what is said under a code.
pub(super) fn by_phrase(code: &str, message: &str) -> Option<(ErrorKind, &'static [Hint])> {
    let own = unquoted(message).to_ascii_lowercase();
    let says = |anchor: Anchor, phrase: &str| {
        let phrase = phrase.to_ascii_lowercase();
        match anchor {
            Anchor::Codes(codes) => {
                codes.iter().any(|known| known.eq_ignore_ascii_case(code)) && own.contains(&phrase)
            }
            // What is quoted between the two is gone, and its blank stays.
            Anchor::Begins(begin) => own
                .strip_prefix(begin)
                .is_some_and(|rest| rest.trim_start().starts_with(&phrase)),
        }
    };
    let (.., kind, hints) = PHRASES
        .iter()
        .find(|(anchor, phrase, ..)| says(*anchor, phrase))?;
    Some((*kind, hints))
}
