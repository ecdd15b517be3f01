//! One key in three Regions: replicas, rotation everywhere at once, a new primary, and the end of the set.
//!
//! ```sh
//! cargo run --release --example multi_region
//! ```
//!
//! The instance reads its time from a [`ManualClock`]. The exit status says whether everything was as it should be.
#![allow(clippy::print_stdout, clippy::print_stderr)]

use std::error::Error;
use std::process::ExitCode;
use std::sync::Arc;

use keystead::operations::KeyMetadata;
use keystead::{Caller, Client, Kms, ManualClock};

fn main() -> ExitCode {
    match run() {
        Ok(()) => {
            println!("\nEverything was as expected.");
            ExitCode::SUCCESS
        }
        Err(error) => {
            eprintln!("\nmulti_region: {error}");
            ExitCode::FAILURE
        }
    }
}

fn run() -> Result<(), Box<dyn Error>> {
    let clock = Arc::new(ManualClock::at("2026-01-01T00:00:00Z"));
    let kms = Kms::builder().clock(Arc::clone(&clock)).build()?;
    let client = |region: &str| -> Result<Client, Box<dyn Error>> {
        Ok(kms.client(region, Caller::account_root("111122223333")?)?)
    };
    let (america, europe, asia) = (client("us-east-1")?, client("eu-west-1")?, client("ap-southeast-2")?);

    let key = america.create_key().multi_region(true).description("orders").send()?.key_metadata.key_id.to_string();
    println!("The primary  {}", describe(&america, &key)?.arn);
    let order = america.encrypt(&key, b"order 42").context("order", "42").send()?.ciphertext_blob.clone();

    america.replicate_key(&key, "eu-west-1").description("orders, Europe").send()?;
    println!("A replica    {}", describe(&europe, &key)?.arn);
    let opened = europe.decrypt(&order).context("order", "42").send()?;
    expect(opened.expose() == b"order 42", "Europe opens what America has sealed")?;
    println!("Europe opens what was sealed in America before the replica existed.");

    america.rotate_key_on_demand(&key).send()?;
    let [here, there] = [describe(&america, &key)?, describe(&europe, &key)?];
    expect(here.current_key_material_id == there.current_key_material_id, "both have the new material")?;
    println!("A rotation is in both Regions at once.");
    let refusal = europe.rotate_key_on_demand(&key).send().err().ok_or("a replica rotates by itself")?;
    println!("Only the primary starts one: {}", refusal.error());

    america.disable_key(&key).send()?;
    expect(europe.encrypt(&key, b"order 43").send().is_ok(), "the replica does not need its primary")?;
    america.enable_key(&key).send()?;
    println!("With the primary disabled, the replica went on.");

    america.update_primary_region(&key, "eu-west-1").send()?;
    europe.replicate_key(&key, "ap-southeast-2").send()?;
    for client in [&america, &europe, &asia] {
        let set = describe(client, &key)?.multi_region_configuration.ok_or("the key belongs to no set")?;
        expect(set.primary_key.region.as_str() == "eu-west-1", "all of them name the same primary")?;
        println!("{:<15} {}", client.region(), set.multi_region_key_type.as_str());
        expect(client.decrypt(&order).context("order", "42").send().is_ok(), "all of them open the order")?;
    }

    for client in [&america, &europe, &asia] {
        client.schedule_key_deletion(&key).pending_window_in_days(7).send()?;
    }
    let primary = describe(&europe, &key)?;
    println!("All are to be deleted; the primary is in state {} and waits.", primary.key_state);
    expect(primary.deletion_date.is_none(), "the primary has no date yet")?;
    clock.advance_days(7);
    expect(kms.sweep()?.deleted == 2, "the replicas go first")?;
    let primary = describe(&europe, &key)?;
    println!("The replicas are gone; the primary is in state {}.", primary.key_state);
    clock.advance_days(7);
    expect(kms.sweep()?.deleted == 1, "the primary goes last")?;
    let refusal = europe.decrypt(&order).context("order", "42").send().err().ok_or("a deleted key decrypts")?;
    println!("After 14 days nothing is left of the set: {}.", refusal.code());
    Ok(())
}

fn describe(client: &Client, key: &str) -> Result<KeyMetadata, Box<dyn Error>> {
    Ok(client.describe_key(key.to_owned()).send()?.into_inner().key_metadata)
}

/// Fails the program unless `condition` holds.
fn expect(condition: bool, what: &str) -> Result<(), Box<dyn Error>> {
    if condition { Ok(()) } else { Err(format!("expected that {what}, but it is not so").into()) }
}
