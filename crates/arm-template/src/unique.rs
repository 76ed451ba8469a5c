//! `uniqueString`: thirteen characters that depend on nothing but the arguments.
//!
//! The hash is Murmur's, over pairs of 32-bit words, with two constants of its own. It was checked against values
//! that ARM computed; names made of it are those that Azure would make.

const FIRST: u32 = 0x239b_961b;
const SECOND: u32 = 0xab0e_9789;
const ALPHABET: &[u8; 32] = b"abcdefghijklmnopqrstuvwxyz234567";

/// The hash of the arguments joined by dashes, in base 32.
pub(crate) fn unique_string(joined: &str) -> String {
    let hash = hash(joined.as_bytes());
    (0..13)
        .map(|place| {
            // Five bits at a time from the top; the last four are filled up with a zero.
            let bits = (hash.checked_shl(place * 5).unwrap_or(0) >> 59) as usize;
            char::from(ALPHABET[bits])
        })
        .collect()
}

/// Up to four bytes as a little-endian word.
fn word(bytes: &[u8]) -> u32 {
    bytes
        .iter()
        .take(4)
        .rev()
        .fold(0, |word, byte| (word << 8) | u32::from(*byte))
}

fn mix_first(word: u32) -> u32 {
    word.wrapping_mul(FIRST).rotate_left(15).wrapping_mul(SECOND)
}

fn mix_second(word: u32) -> u32 {
    word.wrapping_mul(SECOND).rotate_left(17).wrapping_mul(FIRST)
}

fn avalanche(mut word: u32) -> u32 {
    word = (word ^ (word >> 16)).wrapping_mul(0x85eb_ca6b);
    word = (word ^ (word >> 13)).wrapping_mul(0xc2b2_ae35);
    word ^ (word >> 16)
}

fn hash(data: &[u8]) -> u64 {
    let (mut low, mut high) = (0_u32, 0_u32);
    let mut pairs = data.chunks_exact(8);
    for pair in &mut pairs {
        low = (low ^ mix_first(word(pair)))
            .rotate_left(19)
            .wrapping_add(high)
            .wrapping_mul(5)
            .wrapping_add(0x561c_cd1b);
        high = (high ^ mix_second(word(&pair[4..])))
            .rotate_left(13)
            .wrapping_add(low)
            .wrapping_mul(5)
            .wrapping_add(0x0bca_a747);
    }
    let rest = pairs.remainder();
    if !rest.is_empty() {
        low ^= mix_first(word(rest));
    }
    if rest.len() > 4 {
        high ^= mix_second(word(&rest[4..]));
    }
    let length = u32::try_from(data.len()).unwrap_or(u32::MAX);
    high ^= length;
    low = (low ^ length).wrapping_add(high);
    high = high.wrapping_add(low);
    low = avalanche(low);
    high = avalanche(high);
    low = low.wrapping_add(high);
    high = high.wrapping_add(low);
    (u64::from(high) << 32) | u64::from(low)
}

#[cfg(test)]
mod tests {
    use super::unique_string;

    #[test]
    fn known_answers_of_azure_come_out() {
        let machine = "/subscriptions/31e9f9a0-9fd2-4294-a0a3-0101246d9700/resourceGroups/\
                       rg-modm201-20230913120256/providers/Microsoft.Compute/virtualMachines/bobjacmodm201";
        for (joined, expected) in [
            (machine, "yvjxno3je5on2"),
            ("test", "rbgf3xv4ufgzg"),
            ("hello-world", "a7wkljktk6wne"),
            ("abc", "cgtzqvhu4i23s"),
            ("foo-bar-baz", "xzi4ioaxtmth4"),
        ] {
            assert_eq!(unique_string(joined), expected, "{joined}");
        }
    }
}
