//! Two years in a moment: automatic rotation, scheduled deletion, its cancellation, and the end of a key.
//!
//! ```sh
//! cargo run --release --example time_travel
//! ```
//!
//! The instance reads its time from a [`ManualClock`], so what takes a year in production takes no time here. The exit status
//! says whether everything was as it should be.
#![allow(clippy::print_stdout, clippy::print_stderr)]

use std::error::Error;
use std::process::ExitCode;
use std::sync::Arc;

use keystead::{Caller, Clock, EventKind, Kms, ManualClock, MemoryEvents};

fn main() -> ExitCode {
    match run() {
        Ok(()) => {
            println!("\nEverything was as expected.");
            ExitCode::SUCCESS
        }
        Err(error) => {
            eprintln!("\ntime_travel: {error}");
            ExitCode::FAILURE
        }
    }
}

fn run() -> Result<(), Box<dyn Error>> {
    let clock = Arc::new(ManualClock::at("2026-01-01T00:00:00Z"));
    let events = Arc::new(MemoryEvents::new());
    let kms = Kms::builder().clock(Arc::clone(&clock)).event_sink(Arc::clone(&events)).build()?;
    let client = kms.client("eu-central-1", Caller::account_root("111122223333")?)?;
    let tell = |what: &str| println!("{}   {what}", today(&clock));

    let key_id = client.create_key().description("yearly reports").send()?.key_metadata.key_id.to_string();
    client.enable_key_rotation(&key_id).rotation_period_in_days(365).send()?;
    let old = client.encrypt(&key_id, b"report of 2026").context("year", "2026").send()?.ciphertext_blob.clone();
    tell(&format!("Key {key_id} is created, with rotation every 365 days."));
    tell("A report is encrypted.");
    let next = client.get_key_rotation_status(&key_id).send()?.next_rotation_date.ok_or("no rotation is planned")?;
    tell(&format!("The next rotation is planned for {}.", date(&next.to_iso_seconds())));

    clock.advance_days(364);
    expect(kms.sweep()?.rotated == 0, "nothing rotates before its time")?;
    tell("Nothing has happened.");

    clock.advance_days(1);
    expect(kms.sweep()?.rotated == 1, "the key rotates on its day")?;
    tell("The key has rotated by itself.");
    let new = client.encrypt(&key_id, b"report of 2027").context("year", "2027").send()?.ciphertext_blob.clone();
    let opened = client.decrypt(&old).context("year", "2026").send()?;
    let fresh = client.decrypt(&new).context("year", "2027").send()?;
    expect(opened.expose() == b"report of 2026", "the old report still opens")?;
    expect(opened.key_material_id != fresh.key_material_id, "the new report is under new material")?;
    tell("The old report opens with the old material, a new one is under the new material.");

    clock.advance_days(90);
    let scheduled = client.schedule_key_deletion(&key_id).pending_window_in_days(30).send()?;
    let due = scheduled.deletion_date.ok_or("the deletion has no date")?;
    tell(&format!("Deletion is scheduled; the key would be gone on {}.", date(&due.to_iso_seconds())));
    let refusal = client.decrypt(&old).context("year", "2026").send().err();
    let refusal = refusal.ok_or("a key that waits for its deletion decrypts")?;
    expect(refusal.code() == "KMSInvalidStateException", "the state of the key forbids its use")?;
    tell(&format!("Somebody still needs it: {}", refusal.error()));

    clock.advance_days(29);
    client.cancel_key_deletion(&key_id).send()?;
    client.enable_key(&key_id).send()?;
    expect(client.decrypt(&old).context("year", "2026").send().is_ok(), "the key is back")?;
    tell("One day before the end the deletion is cancelled, the key enabled again, the report opened.");

    clock.advance_days(365);
    client.describe_key(&key_id).send()?;
    let rotations = events.events().iter().filter(|event| event.kind == EventKind::Rotation).count();
    expect(rotations == 2, "a rotation that fell due meanwhile has happened")?;
    tell("A year later the key has rotated again; this time nobody swept, the first touch did it.");

    client.schedule_key_deletion(&key_id).pending_window_in_days(7).send()?;
    tell("Deletion is scheduled again, with the shortest waiting period of 7 days.");
    clock.advance_days(7);
    expect(kms.sweep()?.deleted == 1, "the key is deleted when its waiting period is over")?;
    let refusal = client.decrypt(&old).context("year", "2026").send().err().ok_or("a deleted key decrypts")?;
    tell(&format!("The key is gone, and what was encrypted under it with it: {}.", refusal.code()));

    println!("\nLifecycle events");
    for event in events.events() {
        println!("{}   {:<18} {}", date(&event.time.to_iso_seconds()), event.kind.detail_type(), event.key_arn);
    }
    let kinds: Vec<EventKind> = events.events().iter().map(|event| event.kind).collect();
    expect(
        kinds == [EventKind::Rotation, EventKind::Rotation, EventKind::Deletion],
        "the events are two rotations and a deletion",
    )
}

fn today(clock: &ManualClock) -> String {
    date(&clock.now().to_iso_seconds()).to_owned()
}

/// The date of an instant in ISO form.
fn date(instant: &str) -> &str {
    instant.split('T').next().unwrap_or(instant)
}

/// Fails the program unless `condition` holds.
fn expect(condition: bool, what: &str) -> Result<(), Box<dyn Error>> {
    if condition { Ok(()) } else { Err(format!("expected that {what}, but it is not so").into()) }
}
