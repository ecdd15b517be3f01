//! `get` and `scan`.

use super::{commit, contents, get, keys, one, put, scan};
use crate::{Batch, Entry, Expect, Key, MAX_KEY_LEN, MAX_VALUE_LEN, Range, Store};

/// A new store holds nothing, and says so without an error.
pub fn empty_store<S: Store>(new_store: &impl Fn() -> S) {
    let store = new_store();
    assert_eq!(get(&store, "a"), None, "a new store must be empty");
    assert_eq!(contents(&store), [], "a new store must be empty");
}

/// What was put is read, until it is replaced or deleted; an entry once read never changes.
pub fn reads<S: Store>(new_store: &impl Fn() -> S) {
    let store = new_store();
    let first = put(&store, "a", b"1");
    put(&store, "ab", b"other");
    let read = get(&store, "a");
    assert_eq!(read, Some(Entry { value: (*b"1").into(), revision: first }), "`get` must return what was put");

    let second = put(&store, "a", b"22");
    let replaced = Some(Entry { value: (*b"22").into(), revision: second });
    assert_eq!(get(&store, "a"), replaced, "`get` must return the value put last");
    assert_eq!(read.map(|entry| entry.value), Some((*b"1").into()), "an entry that was read must not change");

    commit(&store, one(|batch| batch.delete("a", Expect::Any)));
    assert_eq!(get(&store, "a"), None, "a deleted record must be gone");
    assert!(get(&store, "ab").is_some(), "a delete must spare longer keys");
    commit(&store, one(|batch| batch.delete("a", Expect::Any)));
    assert_eq!(keys(&store, &Range::all(), usize::MAX), [Key::from("ab")], "deleting what is absent changes nothing");
}

/// Keys and values are bytes: of any content, empty values, the longest keys and values.
pub fn uninterpreted_bytes<S: Store>(new_store: &impl Fn() -> S) {
    let store = new_store();
    let all_bytes: Vec<u8> = (0..=u8::MAX).collect();
    let longest_key = vec![u8::MAX; MAX_KEY_LEN];
    let longest_value: Vec<u8> = all_bytes.iter().copied().cycle().take(MAX_VALUE_LEN).collect();
    let records: [(&[u8], &[u8]); 9] = [
        (b"\0", b"zero byte"),
        (b"\0\0", b"two zero bytes"),
        (b"\xff", b"\xff\xfe not UTF-8"),
        (b"\xff\xff", b"\0"),
        (b"line ends", b"\r\n \n\r \r"),
        (b"empty", b""),
        (&all_bytes, &all_bytes),
        (&longest_key, b"longest key"),
        (b"longest value", &longest_value),
    ];
    for (key, value) in records {
        put(&store, key, value);
    }
    for (key, value) in records {
        let found = get(&store, key).map(|entry| entry.value);
        assert!(found.as_deref() == Some(value), "`{}` must hold what was put", key.escape_ascii());
    }
    let mut expected = records.map(|(key, _)| Key::from(key));
    expected.sort();
    assert_eq!(keys(&store, &Range::all(), usize::MAX), expected, "a scan must return every key as it was put");

    assert_eq!(get(&store, ""), None, "a key that no batch takes is absent, not an error");
    assert_eq!(get(&store, vec![u8::MAX; MAX_KEY_LEN + 1]), None, "a key that no batch takes is absent, not an error");
}

/// A scan returns what the range holds, no more and no less, in ascending byte order.
pub fn scans<S: Store>(new_store: &impl Fn() -> S) {
    let store = new_store();
    let sorted: [&[u8]; 11] =
        [b"\0", b"A", b"B", b"a", b"a\0", b"aa", b"a\xff", b"b", b"b\xff\xff", b"\xff", b"\xff\xffz"];
    let mut batch = Batch::new();
    for key in sorted.into_iter().rev() {
        batch.put(key, key, Expect::Absent);
    }
    let revision = commit(&store, batch);

    assert_eq!(get(&store, "AA"), None, "letters of another case make another key");
    let everything = contents(&store);
    assert!(everything.iter().map(|(key, _)| &key[..]).eq(sorted), "a scan must be in ascending byte order");
    for (key, entry) in &everything {
        assert_eq!((&entry.value[..], entry.revision), (&key[..], revision), "a scan must show values and revisions");
    }

    let ranges = [Range::all(), Range::prefix("a"), Range::prefix("a\0"), Range::prefix("c"), Range::prefix(b"b\xff")];
    let more = [Range::prefix(b"\xff"), Range::prefix(b"\xff\xff"), Range::prefix(""), Range::prefix("").after("zz")];
    for range in ranges.into_iter().chain(more) {
        let starts = sorted.iter().map(|key| range.clone().after(key)).chain([range.clone()]);
        for range in starts {
            let expected: Vec<&[u8]> = sorted.into_iter().filter(|key| range.contains(key)).collect();
            for limit in [0, 1, 2, expected.len(), usize::MAX] {
                let found = keys(&store, &range, limit);
                let expected = expected.iter().take(limit).copied();
                assert!(found.iter().map(|key| &key[..]).eq(expected), "scan of {range:?}, limit {limit}: {found:?}");
            }
        }
    }
}

/// Pages that start after the last key of the one before meet every record once, and records that come and go in
/// between disturb no others.
pub fn pagination<S: Store>(new_store: &impl Fn() -> S) {
    let store = new_store();
    let name = |n: u32| format!("page/{n:03}");
    let mut batch = Batch::new();
    for n in 0..100 {
        batch.put(name(2 * n).as_str(), n.to_be_bytes(), Expect::Absent);
    }
    batch.put("pagf", *b"before", Expect::Absent).put("page0", *b"after", Expect::Absent);
    commit(&store, batch);

    for limit in [1, 7, 100, 101] {
        let mut seen = Vec::new();
        let mut range = Range::prefix("page/");
        loop {
            let page = scan(&store, &range, limit);
            assert!(page.len() <= limit, "a page must not exceed its limit");
            assert!(seen.len() <= 100, "a page must start after the key that it is said to start after");
            seen.extend(page.iter().map(|(key, _)| key.to_string()));
            if page.len() < limit {
                break;
            }
            let Some((last, _)) = page.last() else { break };
            range = range.after(last);
        }
        assert_eq!(seen, (0..100).map(|n| name(2 * n)).collect::<Vec<_>>(), "pages of {limit} must meet all records");
    }

    let first = keys(&store, &Range::prefix("page/"), 10);
    let last = first.last().expect("a full page");
    let mut batch = Batch::new();
    batch.delete(last, Expect::Any).put(name(1).as_str(), *b"", Expect::Absent).put(
        name(19).as_str(),
        *b"",
        Expect::Absent,
    );
    commit(&store, batch);
    let second = keys(&store, &Range::prefix("page/").after(last), 2);
    assert_eq!(second, [name(19), name(20)].map(|key| Key::from(key.as_str())), "a page may start after a deleted key");
}
