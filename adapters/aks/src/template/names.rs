//! What the resources of a cluster are called, known before they are there.

use serde_json::Value;

use super::document::template;

/// ARM's `uniqueString`: thirteen letters and digits that depend on nothing but the arguments.
///
/// It is Murmur's hash over two lanes of 32 bits, with constants of its own, in base 32 from the top. The template
/// makes names of it; so does whoever must know them before.
pub(crate) fn unique_string(arguments: &[&str]) -> String {
    const ALPHABET: &[u8; 32] = b"abcdefghijklmnopqrstuvwxyz234567";
    let hash = murmur(arguments.join("-").as_bytes());
    let digit = |place: u32| {
        // Of 64 bits thirteen times five is one too many: the last digit has zeros below.
        let bits = hash.checked_shl(place * 5).unwrap_or_default() >> 59;
        let at = usize::try_from(bits).unwrap_or_default();
        char::from(ALPHABET.get(at).copied().unwrap_or_default())
    };
    (0..13).map(digit).collect()
}

const ONE: u32 = 0x239b_961b;
const TWO: u32 = 0xab0e_9789;

fn murmur(data: &[u8]) -> u64 {
    let word = |bytes: &[u8]| -> u32 {
        bytes
            .iter()
            .take(4)
            .rev()
            .fold(0, |word, byte| word << 8 | u32::from(*byte))
    };
    let scramble_one = |word: u32| word.wrapping_mul(ONE).rotate_left(15).wrapping_mul(TWO);
    let scramble_two = |word: u32| word.wrapping_mul(TWO).rotate_left(17).wrapping_mul(ONE);
    let (mut one, mut two) = (0_u32, 0_u32);
    for block in data.chunks(8) {
        let (left, right) = block.split_at(block.len().min(4));
        // What is left over at the end is only mixed in.
        let whole = block.len() == 8;
        one ^= scramble_one(word(left));
        if whole {
            one = one.rotate_left(19).wrapping_add(two);
            one = one.wrapping_mul(5).wrapping_add(0x561c_cd1b);
        }
        if !right.is_empty() {
            two ^= scramble_two(word(right));
        }
        if whole {
            two = two.rotate_left(13).wrapping_add(one);
            two = two.wrapping_mul(5).wrapping_add(0x0bca_a747);
        }
    }
    let length = u32::try_from(data.len()).unwrap_or(u32::MAX);
    one ^= length;
    two ^= length;
    let join = |one: &mut u32, two: &mut u32| {
        *one = one.wrapping_add(*two);
        *two = two.wrapping_add(*one);
    };
    join(&mut one, &mut two);
    one = spread(one);
    two = spread(two);
    join(&mut one, &mut two);
    u64::from(two) << 32 | u64::from(one)
}

fn spread(mut word: u32) -> u32 {
    word = (word ^ word >> 16).wrapping_mul(0x85eb_ca6b);
    word = (word ^ word >> 13).wrapping_mul(0xc2b2_ae35);
    word ^ word >> 16
}

/// The names of a cluster's resources, by what the template calls them: `vault`, `registry`, `cluster`.
#[derive(Debug, Clone)]
pub(crate) struct Names {
    token: String,
}

impl Names {
    /// Of a cluster in that group.
    pub(crate) fn new(subscription: &str, group: &str, cluster: &str) -> Self {
        let subscription = subscription.to_lowercase();
        let group = format!("/subscriptions/{subscription}/resourceGroups/{group}").to_lowercase();
        Self {
            token: unique_string(&[&subscription, &group, cluster]),
        }
    }

    /// The name of one of them; none where the template has no such.
    pub(crate) fn of(&self, what: &str) -> Option<String> {
        let expression = template()
            .pointer("/variables/names")?
            .get(what)
            .and_then(Value::as_str)?;
        // `[format('kv-{0}', variables('token'))]`
        let format = expression.split('\'').nth(1)?;
        Some(format.replace("{0}", &self.token))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn unique_strings_are_those_that_azure_makes() {
        let machine = "/subscriptions/31e9f9a0-9fd2-4294-a0a3-0101246d9700/resourceGroups/\
                       rg-modm201-20230913120256/providers/Microsoft.Compute/virtualMachines/bobjacmodm201";
        assert_eq!(unique_string(&[machine]), "yvjxno3je5on2");
        assert_eq!(unique_string(&["test"]), "rbgf3xv4ufgzg");
        assert_eq!(unique_string(&["abc"]), "cgtzqvhu4i23s");
        assert_eq!(unique_string(&["foo", "bar", "baz"]), "xzi4ioaxtmth4");
    }

    #[test]
    fn every_name_of_the_template_is_known() {
        let names = Names::new("S", "rg", "w/p/c");
        let known = template()["variables"]["names"].as_object().unwrap();
        for what in known.keys() {
            let name = names.of(what).unwrap();
            assert!(name.ends_with(&names.token) && !name.contains('{'), "{name}");
        }
        assert_eq!(names.of("cluster").unwrap(), format!("aks-{}", names.token));
        assert_eq!(names.token, Names::new("s", "RG", "w/p/c").token);
        assert_ne!(names.token, Names::new("s", "rg", "w/p/C").token);
    }
}
