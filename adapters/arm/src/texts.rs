//! What only a foreign text tells: the one table of the texts that anything is decided by.
//!
//! Code, status and type decide first. A text is matched where whoever wrote it has nothing else to tell by, at the
//! place where they put it, and with phrases that no name and no address can hold: those have no blanks.

use kompox_domain::Hint;
use kompox_domain::hint::Means;

/// Resource providers that answer `OperationNotAllowed` for a quota, with nothing but the message to tell it by
/// (learn.microsoft.com/azure/azure-resource-manager/troubleshooting/error-resource-quota).
const QUOTA: [&str; 4] = [
    "exceeding approved",
    "exceeding quota",
    "exceeds quota",
    "quota limit of",
];

/// Whether the message of an `OperationNotAllowed` is about a quota.
pub(crate) fn is_about_quota(code: &str, message: &str) -> bool {
    let message = message.to_ascii_lowercase();
    code == "OperationNotAllowed" && QUOTA.iter().any(|phrase| message.contains(phrase))
}

/// What somebody who could not sign in can do, by the number that Entra ID gives
/// (learn.microsoft.com/entra/identity-platform/reference-error-codes).
const ENTRA: [(&[u32], &[Hint]); 5] = [
    (
        &[7_000_215, 7_000_222],
        &[Hint::fixed(
            "the client secret is wrong or has expired; make a new one and put it where AZURE_CLIENT_SECRET points",
            None,
        )],
    ),
    (
        &[700_016],
        &[
            Hint::fixed("there is no such application in the tenant", None),
            Hint::fixed(
                "check",
                Some(Means::settings(&["AZURE_CLIENT_ID", "AZURE_TENANT_ID"])),
            ),
        ],
    ),
    (
        &[90_002, 900_023],
        &[
            Hint::fixed("there is no such tenant", None),
            Hint::fixed("check", Some(Means::settings(&["AZURE_TENANT_ID"]))),
        ],
    ),
    (
        &[70_021, 700_211, 700_213],
        &[Hint::fixed(
            "no federated credential matches the token's issuer, subject and audience; a new one takes some seconds to work",
            None,
        )],
    ),
    (
        &[700_212],
        &[Hint::fixed(
            "the token has the wrong audience; it must be api://AzureADTokenExchange",
            None,
        )],
    ),
];

/// Other programs that sign in for us, by what `azure_identity` begins its error with: the type of the credential.
const TOOLS: [(&str, &[Hint]); 2] = [
    (
        "AzureCliCredential",
        &[
            Hint::fixed("sign in", Some(Means::foreign("az login"))),
            OTHER_METHOD,
        ],
    ),
    (
        "AzureDeveloperCliCredential",
        &[
            Hint::fixed("sign in", Some(Means::foreign("azd auth login"))),
            OTHER_METHOD,
        ],
    ),
];

const OTHER_METHOD: Hint = Hint::fixed("or choose another", Some(Means::settings(&["AZURE_AUTH_METHOD"])));

/// What can be done about a failed sign-in, by one text of its chain.
pub(crate) fn sign_in_hints(text: &str) -> Option<&'static [Hint]> {
    let (credential, said) = text.split_once(" authentication failed.")?;
    if let Some((_, hints)) = TOOLS.iter().find(|(tool, _)| *tool == credential) {
        return Some(hints);
    }
    let number = entra_number(said.trim_start())?;
    ENTRA
        .iter()
        .find(|(numbers, _)| numbers.contains(&number))
        .map(|(_, hints)| *hints)
}

/// The number that a message of Entra ID begins with: `AADSTS7000215: …`.
fn entra_number(message: &str) -> Option<u32> {
    let (number, _) = message.strip_prefix("AADSTS")?.split_once(':')?;
    number.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_of_entra_counts_as_a_whole_and_at_the_beginning_only() {
        let hints =
            |said: &str| sign_in_hints(&format!("ClientSecretCredential authentication failed. {said}"));
        for (numbers, expected) in ENTRA {
            for number in numbers {
                assert_eq!(
                    hints(&format!("AADSTS{number}: Something.")),
                    Some(expected),
                    "{number}"
                );
            }
        }
        for other in [
            "AADSTS70002155: longer",
            "AADSTS7002: shorter",
            "AADSTS90002x: odd",
            "AADSTS50000: the application 'AADSTS7000215: x' has trouble",
            "the application AADSTS7000215: x",
        ] {
            assert_eq!(hints(other), None, "{other}");
        }
        assert_eq!(sign_in_hints("AADSTS7000215: from nowhere"), None);
    }

    #[test]
    fn the_credential_and_no_name_or_address_tells_which_program_signs_in() {
        let of = |text: &str| format!("{:?}", sign_in_hints(text));
        assert!(of("AzureCliCredential authentication failed. Please run 'az login'.").contains("az login"));
        assert!(
            of("AzureDeveloperCliCredential authentication failed.\nERROR: x").contains("azd auth login")
        );
        for text in [
            "error sending request for url (https://azd.example.com/)",
            "ClientSecretCredential authentication failed. https://login.azd.example is not known to Azure CLI, run az login",
        ] {
            assert_eq!(sign_in_hints(text), None, "{text}");
        }
    }

    #[test]
    fn a_quota_is_told_by_the_code_and_a_phrase_and_by_no_name() {
        let exceeded = "Operation could not be completed as it results in exceeding approved Total Regional Cores quota.";
        assert!(is_about_quota("OperationNotAllowed", exceeded));
        assert!(!is_about_quota("ScopeLocked", exceeded));
        for name in [
            "Disk quota is attached to VM quota-limit.",
            "The lock exceeds-quota forbids it.",
        ] {
            assert!(!is_about_quota("OperationNotAllowed", name), "{name}");
        }
    }
}
