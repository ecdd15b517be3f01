"""Calls every operation of the API through boto3, and checks what comes out with `cryptography`.

    boto3_pass.py URL     URL of a server with the credentials and the seed beside this file
"""

import datetime
import hashlib
import hmac
import json
import sys
import unittest
import urllib.request

import boto3
from botocore.config import Config
from botocore.exceptions import ClientError
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, padding, utils

REGION = "eu-central-1"


def connect(access_key, secret, token=None, service="kms", region=REGION):
    client = boto3.client(
        service,
        endpoint_url=URL,
        region_name=region,
        aws_access_key_id=access_key,
        aws_secret_access_key=secret,
        aws_session_token=token,
        config=Config(retries={"total_max_attempts": 1}),
    )
    client.meta.events.register("before-call", lambda model, **_: CALLED.add(model.name))
    return client


def admin(**where):
    return connect("AKIAADMIN", "admin-secret", **where)


class Pass(unittest.TestCase):
    def setUp(self):
        request = urllib.request.Request(f"{URL}/reset", method="POST")
        urllib.request.urlopen(request).read()
        self.kms = admin()

    def create(self, **members):
        return self.kms.create_key(**members)["KeyMetadata"]["KeyId"]

    def refused(self, code, operation, **members):
        with self.assertRaises(ClientError) as caught:
            operation(**members)
        self.assertEqual(caught.exception.response["Error"]["Code"], code)
        return caught.exception.response["Error"]["Message"]

    def public_key(self, key):
        return serialization.load_der_public_key(self.kms.get_public_key(KeyId=key)["PublicKey"])

    def test_callers(self):
        me = admin(service="sts").get_caller_identity()
        self.assertEqual(me["Arn"], "arn:aws:iam::111122223333:user/admin")
        role = connect("ASIAROLE", "role-secret", "role-token", service="sts").get_caller_identity()
        self.assertEqual((role["Account"], role["UserId"]), ("444455556666", "AROAEXAMPLE:pod-7"))
        nobody = connect("AKIANOBODY", "nobody-secret")
        self.refused("AccessDeniedException", nobody.list_keys)
        self.refused("InvalidSignatureException", connect("AKIAADMIN", "wrong").list_keys)
        self.refused("UnrecognizedClientException", connect("AKIAGHOST", "x").list_keys)
        self.refused("UnrecognizedClientException", connect("ASIAROLE", "role-secret").list_keys)

    def test_keys_and_aliases(self):
        kms, key, other = self.kms, self.create(Description="one"), self.create()
        self.assertIsInstance(kms.describe_key(KeyId=key)["KeyMetadata"]["CreationDate"], datetime.datetime)
        kms.update_key_description(KeyId=key, Description="two")
        self.assertEqual(kms.describe_key(KeyId=key)["KeyMetadata"]["Description"], "two")
        kms.disable_key(KeyId=key)
        self.refused("DisabledException", kms.encrypt, KeyId=key, Plaintext=b"x")
        kms.enable_key(KeyId=key)
        kms.create_alias(AliasName="alias/a", TargetKeyId=key)
        self.refused("AlreadyExistsException", kms.create_alias, AliasName="alias/a", TargetKeyId=key)
        kms.update_alias(AliasName="alias/a", TargetKeyId=other)
        self.assertEqual(kms.describe_key(KeyId="alias/a")["KeyMetadata"]["KeyId"], other)
        kms.delete_alias(AliasName="alias/a")
        self.refused("NotFoundException", kms.describe_key, KeyId="alias/a")
        kms.schedule_key_deletion(KeyId=key, PendingWindowInDays=7)
        self.refused("KMSInvalidStateException", kms.encrypt, KeyId=key, Plaintext=b"x")
        kms.cancel_key_deletion(KeyId=key)
        self.assertEqual(kms.describe_key(KeyId=key)["KeyMetadata"]["KeyState"], "Disabled")
        self.assertIn("validation error", self.refused("ValidationException", kms.list_keys, Limit=1000, Marker="ā"))

    def test_policies_tags_and_last_usage(self):
        kms, key = self.kms, self.create(Tags=[{"TagKey": "a", "TagValue": "1"}])
        policy = json.loads(kms.get_key_policy(KeyId=key, PolicyName="default")["Policy"])
        policy["Statement"] = policy["Statement"] + [
            {"Effect": "Deny", "Principal": "*", "Action": "kms:GenerateMac", "Resource": "*"}
        ]
        kms.put_key_policy(KeyId=key, PolicyName="default", Policy=json.dumps(policy))
        self.assertEqual(json.loads(kms.get_key_policy(KeyId=key)["Policy"]), policy)
        self.refused("MalformedPolicyDocumentException", kms.put_key_policy, KeyId=key, Policy="{")
        kms.tag_resource(KeyId=key, Tags=[{"TagKey": "b", "TagValue": "2"}])
        kms.untag_resource(KeyId=key, TagKeys=["a"])
        self.assertEqual(kms.list_resource_tags(KeyId=key)["Tags"], [{"TagKey": "b", "TagValue": "2"}])
        self.assertEqual(kms.get_key_last_usage(KeyId=key)["KeyLastUsage"], {})
        kms.encrypt(KeyId=key, Plaintext=b"x")
        self.assertEqual(kms.get_key_last_usage(KeyId=key)["KeyLastUsage"]["Operation"], "Encrypt")

    def test_symmetric_encryption(self):
        kms, key, other = self.kms, self.create(), self.create()
        context = {"order": "42", "ünïcode": "✓"}
        sealed = kms.encrypt(KeyId=key, Plaintext=bytes(range(256)), EncryptionContext=context)["CiphertextBlob"]
        self.assertEqual(kms.decrypt(CiphertextBlob=sealed, EncryptionContext=context)["Plaintext"], bytes(range(256)))
        self.refused("InvalidCiphertextException", kms.decrypt, CiphertextBlob=sealed)
        self.refused("IncorrectKeyException", kms.decrypt, CiphertextBlob=sealed, KeyId=other, EncryptionContext=context)
        moved = kms.re_encrypt(CiphertextBlob=sealed, SourceEncryptionContext=context, DestinationKeyId=other)
        self.assertTrue(moved["KeyId"].endswith(other) and moved["SourceKeyId"].endswith(key))
        self.assertEqual(kms.decrypt(CiphertextBlob=moved["CiphertextBlob"])["Plaintext"], bytes(range(256)))
        made = kms.generate_data_key(KeyId=key, KeySpec="AES_256")
        self.assertEqual(kms.decrypt(CiphertextBlob=made["CiphertextBlob"])["Plaintext"], made["Plaintext"])
        blind = kms.generate_data_key_without_plaintext(KeyId=key, NumberOfBytes=24)
        self.assertEqual(len(kms.decrypt(CiphertextBlob=blind["CiphertextBlob"])["Plaintext"]), 24)
        self.assertEqual(len(kms.generate_random(NumberOfBytes=100)["Plaintext"]), 100)
        self.refused("DryRunOperationException", kms.encrypt, KeyId=key, Plaintext=b"x", DryRun=True)

    def test_data_key_pairs(self):
        kms, key = self.kms, self.create()
        pair = kms.generate_data_key_pair(KeyId=key, KeyPairSpec="ECC_NIST_P256")
        private = serialization.load_der_private_key(pair["PrivateKeyPlaintext"], None)
        shown = private.public_key().public_bytes(
            serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo
        )
        self.assertEqual(shown, pair["PublicKey"])
        opened = kms.decrypt(CiphertextBlob=pair["PrivateKeyCiphertextBlob"])["Plaintext"]
        self.assertEqual(opened, pair["PrivateKeyPlaintext"])
        blind = kms.generate_data_key_pair_without_plaintext(KeyId=key, KeyPairSpec="RSA_2048")
        self.assertEqual(serialization.load_der_public_key(blind["PublicKey"]).key_size, 2048)

    def test_signatures(self):
        kms, message = self.kms, b"order 42"
        rsa = self.create(KeySpec="RSA_2048", KeyUsage="SIGN_VERIFY")
        pss = padding.PSS(padding.MGF1(hashes.SHA256()), 32)
        for algorithm, scheme in [("RSASSA_PKCS1_V1_5_SHA_256", padding.PKCS1v15()), ("RSASSA_PSS_SHA_256", pss)]:
            signed = kms.sign(KeyId=rsa, Message=message, SigningAlgorithm=algorithm)["Signature"]
            self.public_key(rsa).verify(signed, message, scheme, hashes.SHA256())
            self.assertTrue(
                kms.verify(KeyId=rsa, Message=message, Signature=signed, SigningAlgorithm=algorithm)["SignatureValid"]
            )
        self.refused(
            "KMSInvalidSignatureException",
            kms.verify,
            KeyId=rsa,
            Message=b"other",
            Signature=signed,
            SigningAlgorithm="RSASSA_PSS_SHA_256",
        )
        for spec, digest, algorithm in [
            ("ECC_NIST_P256", hashes.SHA256(), "ECDSA_SHA_256"),
            ("ECC_NIST_P384", hashes.SHA384(), "ECDSA_SHA_384"),
            ("ECC_NIST_P521", hashes.SHA512(), "ECDSA_SHA_512"),
            ("ECC_SECG_P256K1", hashes.SHA256(), "ECDSA_SHA_256"),
        ]:
            key = self.create(KeySpec=spec, KeyUsage="SIGN_VERIFY")
            signed = kms.sign(KeyId=key, Message=message, SigningAlgorithm=algorithm)["Signature"]
            self.public_key(key).verify(signed, message, ec.ECDSA(digest))
        p256 = self.create(KeySpec="ECC_NIST_P256", KeyUsage="SIGN_VERIFY")
        prehashed = hashlib.sha256(message).digest()
        signed = kms.sign(KeyId=p256, Message=prehashed, MessageType="DIGEST", SigningAlgorithm="ECDSA_SHA_256")
        self.public_key(p256).verify(signed["Signature"], prehashed, ec.ECDSA(utils.Prehashed(hashes.SHA256())))
        seeded = "00000000-0000-0000-0000-000000000003"
        signed = kms.sign(KeyId=seeded, Message=message, SigningAlgorithm="ED25519_SHA_512")["Signature"]
        known = bytes.fromhex("19bf44096984cdfe8541bac167dc3b96c85086aa30b6b6cb0c5c38ad703166e1")
        ed25519.Ed25519PublicKey.from_public_bytes(known).verify(signed, message)

    def test_seeded_material(self):
        kms = self.kms
        code = kms.generate_mac(KeyId="alias/seeded-mac", Message=b"m", MacAlgorithm="HMAC_SHA_256")["Mac"]
        self.assertEqual(code, hmac.digest(bytes(range(32)), b"m", "sha256"))
        kms.verify_mac(KeyId="alias/seeded-mac", Message=b"m", MacAlgorithm="HMAC_SHA_256", Mac=code)
        self.assertEqual(len(kms.list_key_rotations(KeyId="00000000-0000-0000-0000-000000000002")["Rotations"]), 1)

    def test_public_key_encryption(self):
        kms, key = self.kms, self.create(KeySpec="RSA_2048", KeyUsage="ENCRYPT_DECRYPT")
        sealed = self.public_key(key).encrypt(b"4111", oaep(hashes.SHA256()))
        opened = kms.decrypt(KeyId=key, CiphertextBlob=sealed, EncryptionAlgorithm="RSAES_OAEP_SHA_256")
        self.assertEqual(opened["Plaintext"], b"4111")

    def test_shared_secrets(self):
        kms = self.kms
        key = self.create(KeySpec="ECC_NIST_P256", KeyUsage="KEY_AGREEMENT")
        mine = ec.generate_private_key(ec.SECP256R1())
        shown = mine.public_key().public_bytes(serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo)
        derived = kms.derive_shared_secret(KeyId=key, KeyAgreementAlgorithm="ECDH", PublicKey=shown)["SharedSecret"]
        self.assertEqual(derived, mine.exchange(ec.ECDH(), self.public_key(key)))
        kem = self.create(KeySpec="ML_KEM_768", KeyUsage="ENCAPSULATE_DECAPSULATE")
        algorithm = {"KeyId": kem, "EncapsulationAlgorithm": "ML_KEM"}
        made = kms.encapsulate(**algorithm)
        blob = made["SharedSecretCiphertextBlob"]
        opened = kms.decapsulate(**algorithm, SharedSecretCiphertextBlob=blob)
        self.assertEqual(opened["SharedSecret"], made["SharedSecret"])

    def test_grants(self):
        kms, key = self.kms, self.create()
        sealed = kms.encrypt(KeyId=key, Plaintext=b"x")["CiphertextBlob"]
        role = connect("ASIAROLE", "role-secret", "role-token")
        self.refused("AccessDeniedException", role.decrypt, CiphertextBlob=sealed)
        grantee = "arn:aws:iam::444455556666:role/orders"
        grant = kms.create_grant(KeyId=key, GranteePrincipal=grantee, RetiringPrincipal=grantee, Operations=["Decrypt"])
        self.assertEqual(role.decrypt(CiphertextBlob=sealed)["Plaintext"], b"x")
        self.assertEqual(kms.list_grants(KeyId=key)["Grants"][0]["GrantId"], grant["GrantId"])
        listed = role.list_retirable_grants(RetiringPrincipal=grantee)["Grants"]
        self.assertEqual([entry["GrantId"] for entry in listed], [grant["GrantId"]])
        role.retire_grant(GrantToken=grant["GrantToken"])
        self.refused("AccessDeniedException", role.decrypt, CiphertextBlob=sealed)
        again = kms.create_grant(KeyId=key, GranteePrincipal=grantee, Operations=["Decrypt"])
        kms.revoke_grant(KeyId=key, GrantId=again["GrantId"])
        self.assertEqual(kms.list_grants(KeyId=key)["Grants"], [])

    def test_rotation(self):
        kms, key = self.kms, self.create()
        sealed = kms.encrypt(KeyId=key, Plaintext=b"x")["CiphertextBlob"]
        kms.enable_key_rotation(KeyId=key, RotationPeriodInDays=90)
        status = kms.get_key_rotation_status(KeyId=key)
        self.assertEqual((status["KeyRotationEnabled"], status["RotationPeriodInDays"]), (True, 90))
        kms.disable_key_rotation(KeyId=key)
        kms.rotate_key_on_demand(KeyId=key)
        self.assertEqual(kms.list_key_rotations(KeyId=key)["Rotations"][0]["RotationType"], "ON_DEMAND")
        self.assertEqual(kms.decrypt(CiphertextBlob=sealed)["Plaintext"], b"x")

    def test_import(self):
        kms, key = self.kms, self.create(Origin="EXTERNAL")
        parameters = kms.get_parameters_for_import(
            KeyId=key, WrappingAlgorithm="RSAES_OAEP_SHA_256", WrappingKeySpec="RSA_2048"
        )
        wrapping_key = serialization.load_der_public_key(parameters["PublicKey"])
        ends = datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(days=30)
        material = {
            "KeyId": key,
            "ImportToken": parameters["ImportToken"],
            "EncryptedKeyMaterial": wrapping_key.encrypt(b"k" * 32, oaep(hashes.SHA256())),
        }
        kms.import_key_material(**material, ExpirationModel="KEY_MATERIAL_EXPIRES", ValidTo=ends)
        self.assertAlmostEqual(kms.describe_key(KeyId=key)["KeyMetadata"]["ValidTo"].timestamp(), ends.timestamp(), 2)
        sealed = kms.encrypt(KeyId=key, Plaintext=b"x")["CiphertextBlob"]
        kms.delete_imported_key_material(KeyId=key)
        self.assertEqual(kms.describe_key(KeyId=key)["KeyMetadata"]["KeyState"], "PendingImport")
        kms.import_key_material(**material, ExpirationModel="KEY_MATERIAL_DOES_NOT_EXPIRE")
        self.assertEqual(kms.decrypt(CiphertextBlob=sealed)["Plaintext"], b"x")

    def test_multi_region(self):
        kms, there = self.kms, admin(region="eu-west-1")
        key = self.create(MultiRegion=True)
        kms.replicate_key(KeyId=key, ReplicaRegion="eu-west-1")
        sealed = kms.encrypt(KeyId=key, Plaintext=b"x")["CiphertextBlob"]
        self.assertEqual(there.decrypt(CiphertextBlob=sealed)["Plaintext"], b"x")
        kms.update_primary_region(KeyId=key, PrimaryRegion="eu-west-1")
        role = there.describe_key(KeyId=key)["KeyMetadata"]["MultiRegionConfiguration"]["MultiRegionKeyType"]
        self.assertEqual(role, "PRIMARY")

    def test_pages(self):
        kms, keys = self.kms, {self.create() for _ in range(7)}
        before = len(kms.list_keys()["Keys"])
        (key, *_) = keys
        for number in range(5):
            kms.create_alias(AliasName=f"alias/{number}", TargetKeyId=key)
            kms.tag_resource(KeyId=key, Tags=[{"TagKey": str(number), "TagValue": ""}])
            kms.rotate_key_on_demand(KeyId=key)
            kms.create_grant(
                KeyId=key,
                GranteePrincipal=f"arn:aws:iam::111122223333:user/u{number}",
                RetiringPrincipal="arn:aws:iam::111122223333:user/admin",
                Operations=["Decrypt"],
            )
        wanted = {
            "list_keys": ({}, "Keys", before),
            "list_aliases": ({"KeyId": key}, "Aliases", 5),
            "list_grants": ({"KeyId": key}, "Grants", 5),
            "list_retirable_grants": ({"RetiringPrincipal": "arn:aws:iam::111122223333:user/admin"}, "Grants", 5),
            "list_key_policies": ({"KeyId": key}, "PolicyNames", 1),
            "list_key_rotations": ({"KeyId": key}, "Rotations", 5),
            "list_resource_tags": ({"KeyId": key}, "Tags", 5),
        }
        paginators = {name for name in kms.meta.method_to_api_mapping if kms.can_paginate(name)}
        self.assertEqual(paginators - {"describe_custom_key_stores"}, set(wanted))
        for name, (members, result, count) in wanted.items():
            pages = kms.get_paginator(name).paginate(**members, PaginationConfig={"PageSize": 2})
            self.assertEqual(sum(len(page[result]) for page in pages), count, name)
        self.assertEqual(kms.waiter_names, [])
        self.refused("InvalidMarkerException", kms.list_keys, Marker="x")

    def test_custom_key_stores(self):
        """What they do is another matter; here, that the operations are known and answer as declared."""
        kms, store = self.kms, {"CustomKeyStoreId": "cks-1234567890abcdef0"}
        for call in [
            lambda: kms.create_custom_key_store(
                CustomKeyStoreName="store",
                CloudHsmClusterId="cluster-2a23b4cdefg",
                TrustAnchorCertificate="certificate",
                KeyStorePassword="kmsPswd",
            ),
            lambda: kms.describe_custom_key_stores(),
            lambda: kms.connect_custom_key_store(**store),
            lambda: kms.disconnect_custom_key_store(**store),
            lambda: kms.update_custom_key_store(**store, NewCustomKeyStoreName="other"),
            lambda: kms.delete_custom_key_store(**store),
        ]:
            try:
                call()
            except ClientError as error:
                self.assertIn(
                    error.response["Error"]["Code"],
                    ["UnsupportedOperationException", "CustomKeyStoreNotFoundException", "CloudHsmClusterNotFoundException"],
                )

    def test_zz_every_operation_was_called(self):
        operations = set(self.kms.meta.service_model.operation_names)
        self.assertEqual(operations - CALLED, set())


def oaep(digest):
    return padding.OAEP(padding.MGF1(digest), digest, None)


CALLED = set()
URL = ""

if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    URL = sys.argv.pop()
    unittest.main()
