//! Code written for `aws-sdk-kms`, unchanged, against Keystead in the same process or against any endpoint.
//!
//! ```sh
//! cargo run --release --example aws_sdk
//! AWS_ACCESS_KEY_ID=… AWS_SECRET_ACCESS_KEY=… \
//!     cargo run --release --example aws_sdk --features endpoint -- --endpoint http://localhost:4599
//! ```
//!
//! The second form needs feature `endpoint`, which brings an HTTP client. The exit status says whether everything was as
//! it should be.
#![allow(clippy::print_stdout, clippy::print_stderr)]

use std::error::Error;
use std::process::ExitCode;

use aws_sdk_kms::Client;
use aws_sdk_kms::error::ProvideErrorMetadata;
use aws_sdk_kms::primitives::Blob;
use aws_sdk_kms::types::{DataKeySpec, KeySpec, KeyUsageType, SigningAlgorithmSpec};
use keystead::{Caller, Kms};
use keystead_aws::sdk::AwsSdk;

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let outcome = match arguments.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        [] => in_process(),
        ["--endpoint", url] => at_endpoint(url),
        _ => Err("usage: aws_sdk [--endpoint URL]".into()),
    };
    match outcome {
        Ok(()) => {
            println!("\nEverything was as expected.");
            ExitCode::SUCCESS
        }
        Err(error) => {
            eprintln!("\naws_sdk: {error}");
            ExitCode::FAILURE
        }
    }
}

/// No endpoint, no socket, no executor: any `block_on` will do.
fn in_process() -> Result<(), Box<dyn Error>> {
    let kms = Kms::in_memory();
    let client = kms.aws_sdk_client(REGION, Caller::account_root("111122223333")?)?;
    println!("Keystead in this process:\n");
    pollster::block_on(orders(&client))?;
    println!("\nThe audit trail has {} records.", kms.audit_trail().len());
    Ok(())
}

/// What an application does with KMS. It cannot tell who answers.
async fn orders(client: &Client) -> Result<(), Box<dyn Error>> {
    let created = client.create_key().description("orders").send().await?;
    let key_id = created.key_metadata().ok_or("a key without metadata")?.key_id();
    println!("Key {key_id} is created.");

    let sealed = client
        .encrypt()
        .key_id(key_id)
        .plaintext(Blob::new("4111 1111 1111 1111"))
        .encryption_context("order", "42")
        .send()
        .await?;
    let blob = sealed.ciphertext_blob().ok_or("no ciphertext")?;
    let decrypt = || client.decrypt().ciphertext_blob(blob.clone());
    let opened = decrypt().encryption_context("order", "42").send().await?;
    expect(opened.plaintext() == Some(&Blob::new("4111 1111 1111 1111")), "what was sealed is opened")?;
    println!("A card number of 19 bytes is sealed in {}, and opened.", blob.as_ref().len());

    let refused = decrypt().encryption_context("order", "43").send().await.err().ok_or("another context opens it")?;
    expect(refused.into_service_error().is_invalid_ciphertext_exception(), "another context is a typed error")?;
    println!("Under another encryption context it is an InvalidCiphertextException.");

    let data_key = client.generate_data_key().key_id(key_id).key_spec(DataKeySpec::Aes256).send().await?;
    expect(data_key.plaintext().is_some_and(|key| key.as_ref().len() == 32), "a data key has 256 bits")?;
    println!("A data key is made.");

    let signer = client.create_key().key_spec(KeySpec::EccNistP256).key_usage(KeyUsageType::SignVerify).send().await?;
    let signer = signer.key_metadata().ok_or("a key without metadata")?.key_id();
    let (message, algorithm) = (Blob::new("order 42"), SigningAlgorithmSpec::EcdsaSha256);
    let sign = client.sign().key_id(signer).message(message.clone()).signing_algorithm(algorithm.clone());
    let signature = sign.send().await?.signature().cloned().ok_or("no signature")?;
    let verify = client.verify().key_id(signer).message(message).signing_algorithm(algorithm);
    expect(verify.signature(signature).send().await?.signature_valid(), "the signature is valid")?;
    println!("An order is signed with key {signer}, and verified.");

    client.disable_key().key_id(key_id).send().await?;
    let refused = decrypt().encryption_context("order", "42").send().await.err().ok_or("a disabled key decrypts")?;
    println!("The first key is disabled: {}", refused.message().unwrap_or_default());
    for key_id in [key_id, signer] {
        client.schedule_key_deletion().key_id(key_id).pending_window_in_days(7).send().await?;
    }
    println!("Both keys wait for their deletion.");
    Ok(())
}

#[cfg(feature = "endpoint")]
fn at_endpoint(url: &str) -> Result<(), Box<dyn Error>> {
    use aws_sdk_kms::config::{BehaviorVersion, Config, Credentials, Region, StalledStreamProtectionConfig};
    use aws_smithy_http_client::Builder;

    let variable = |name: &str| std::env::var(name).map_err(|_| format!("set {name}"));
    let credentials = Credentials::new(
        variable("AWS_ACCESS_KEY_ID")?,
        variable("AWS_SECRET_ACCESS_KEY")?,
        std::env::var("AWS_SESSION_TOKEN").ok(),
        None,
        "environment",
    );
    let config = Config::builder()
        .behavior_version(BehaviorVersion::latest())
        .region(Region::new(std::env::var("AWS_REGION").unwrap_or_else(|_| REGION.to_owned())))
        .credentials_provider(credentials)
        .endpoint_url(url)
        .http_client(Builder::new().build_http())
        .sleep_impl(keystead_aws::sdk::TimerSleep)
        .stalled_stream_protection(StalledStreamProtectionConfig::disabled())
        .build();
    println!("{url}:\n");
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(orders(&Client::from_conf(config)))
}

#[cfg(not(feature = "endpoint"))]
fn at_endpoint(_: &str) -> Result<(), Box<dyn Error>> {
    Err("an endpoint needs an HTTP client: build with `--features endpoint`".into())
}

fn expect(holds: bool, what: &str) -> Result<(), Box<dyn Error>> {
    if holds { Ok(()) } else { Err(format!("not so: {what}").into()) }
}

const REGION: &str = "us-west-2";
