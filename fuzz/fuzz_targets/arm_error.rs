//! Error bodies of ARM: whatever they are, one bounded error with a kind comes out.
#![no_main]

use kompox_arm::{ArmError, ServiceError};
use kompox_domain::Error;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    let Some((&[high, low], body)) = data.split_first_chunk::<2>() else {
        return;
    };
    let status = u16::from_be_bytes([high, low]) % 600;
    let parsed = ServiceError::parse(status, body);
    let late = ArmError::Operation {
        state: "Failed".to_owned(),
        error: Box::new(parsed.clone()),
    };
    for error in [
        Error::from(ArmError::Service(Box::new(parsed))),
        Error::from(late),
    ] {
        let message = error.to_string();
        assert!(!message.is_empty());
        assert!(message.chars().count() <= 16_000, "{}", message.len());
        for text in [Some(message.as_str()), error.code(), error.target()]
            .into_iter()
            .flatten()
        {
            assert!(!text.chars().any(|c| c.is_control() && c != '\n'), "{text:?}");
        }
        assert!(
            error
                .code()
                .is_some_and(|code| !code.is_empty() && code.chars().count() <= 201)
        );
    }
});
