//! «Did you mean …?»

/// The candidate nearest to what was written, if one is near enough to be meant.
#[must_use]
pub fn nearest<'a>(written: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    // A text this long is no typing error, and the comparison costs the product of both lengths.
    if written.len() > 200 {
        return None;
    }
    candidates
        .into_iter()
        .map(|candidate| {
            (
                strsim::normalized_damerau_levenshtein(&written.to_lowercase(), &candidate.to_lowercase()),
                candidate,
            )
        })
        .filter(|(similarity, _)| *similarity > 0.6)
        // Of equals, the first named.
        .reduce(|best, next| if next.0 > best.0 { next } else { best })
        .map(|(_, candidate)| candidate)
}

#[cfg(test)]
mod tests {
    use super::nearest;

    #[test]
    fn a_slip_of_the_finger_is_recognised_and_a_different_word_is_not() {
        assert_eq!(
            nearest("AZURE_LOCATOIN", ["AZURE_LOCATION", "AZURE_TENANT_ID"]),
            Some("AZURE_LOCATION")
        );
        assert_eq!(nearest("banana", ["db", "data"]), None);
    }
}
