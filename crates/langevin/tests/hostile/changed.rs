//! Sound files with something changed: bits, bytes, numbers, parts cut out, doubled, or taken from another file.

use super::{corpus, read, target};
use proptest::prelude::*;
use proptest::sample::Index;

/// A change to an input.
#[derive(Clone, Debug)]
enum Change {
    Flip(Index, u8),
    Put(Index, Vec<u8>),
    Insert(Index, Vec<u8>),
    Cut(Index, usize),
    End(Index),
    Double(Index, usize),
    Splice(Index, Index, Index),
}

fn changes() -> impl Strategy<Value = Vec<Change>> {
    let at = any::<Index>;
    // What lengths and counts become when they lie, in both orders of bytes and in digits.
    let number = prop_oneof![
        Just(vec![0xFF; 8]),
        Just(vec![0; 8]),
        Just(vec![0xFF, 0xFF, 0xFF, 0x7F]),
        Just(vec![0x7F, 0xFF, 0xFF, 0xFF]),
        Just(b"18446744073709551615".to_vec()),
        Just(b"-1".to_vec()),
        Just(b"1e308".to_vec()),
        Just(b"4294967296".to_vec()),
        prop::collection::vec(any::<u8>(), 1..5),
    ];
    let change = prop_oneof![
        4 => (at(), 0u8..8).prop_map(|(at, bit)| Change::Flip(at, 1 << bit)),
        4 => (at(), number.clone()).prop_map(|(at, bytes)| Change::Put(at, bytes)),
        2 => (at(), number).prop_map(|(at, bytes)| Change::Insert(at, bytes)),
        2 => (at(), 1usize..40).prop_map(|(at, length)| Change::Cut(at, length)),
        1 => at().prop_map(Change::End),
        2 => (at(), 1usize..200).prop_map(|(at, length)| Change::Double(at, length)),
        2 => (at(), at(), at()).prop_map(|(at, other, from)| Change::Splice(at, other, from)),
    ];
    prop::collection::vec(change, 1..6)
}

fn changed(inputs: &[(String, Vec<u8>)], first: Index, changes: &[Change]) -> Vec<u8> {
    let mut bytes = first.get(inputs).1.clone();
    for change in changes {
        let place = |at: &Index| at.index(bytes.len() + 1);
        match change {
            Change::Flip(at, bit) if !bytes.is_empty() => {
                let at = at.index(bytes.len());
                bytes[at] ^= bit;
            }
            Change::Flip(..) => {}
            Change::Put(at, new) => {
                let at = place(at);
                let end = bytes.len().min(at + new.len());
                bytes.splice(at..end, new.iter().copied());
            }
            Change::Insert(at, new) => {
                let at = place(at);
                bytes.splice(at..at, new.iter().copied());
            }
            Change::Cut(at, length) => {
                let at = place(at);
                bytes.drain(at..bytes.len().min(at + length));
            }
            Change::End(at) => bytes.truncate(place(at)),
            Change::Double(at, length) => {
                let at = place(at);
                let part = bytes[at..bytes.len().min(at + length)].to_vec();
                bytes.splice(at..at, part);
            }
            Change::Splice(at, other, from) => {
                let (at, other) = (place(at), &other.get(inputs).1);
                bytes.truncate(at);
                bytes.extend(&other[from.index(other.len() + 1)..]);
            }
        }
    }
    bytes
}

/// A test for each target.
macro_rules! read_or_refused {
    ($($name:ident)+) => {
        proptest! {
            #![proptest_config(ProptestConfig { failure_persistence: None, cases: 192, ..ProptestConfig::default() })]

            $(
                #[test]
                fn $name(first in any::<Index>(), changes in changes()) {
                    let (target, inputs) = (target(stringify!($name)), corpus(stringify!($name)));
                    let folder = tempfile::tempdir().unwrap();
                    read(target, folder.path(), &changed(&inputs, first, &changes));
                }
            )+
        }

        #[test]
        fn every_target_is_here() {
            let names = [$(stringify!($name)),+];
            assert!(super::targets::TARGETS.iter().map(|target| target.name).eq(names));
        }
    };
}

read_or_refused! {
    safetensors state_dict classifier torch pickle pipeline checkpoint recipe npy npz idx archive picture
}
