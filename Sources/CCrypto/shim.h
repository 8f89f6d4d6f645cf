/* Ed25519 (RFC 8032) by OpenSSL. All return 1 on success. */
#pragma once
#include <openssl/evp.h>
#include <openssl/sha.h>
#include <stddef.h>

static inline int diatom_ed25519_public(const unsigned char seed[32], unsigned char public_key[32])
{
    size_t count = 32;
    EVP_PKEY *key = EVP_PKEY_new_raw_private_key(EVP_PKEY_ED25519, NULL, seed, 32);
    int done = key != NULL && EVP_PKEY_get_raw_public_key(key, public_key, &count) == 1 && count == 32;
    EVP_PKEY_free(key);
    return done;
}

static inline int diatom_ed25519_sign(const unsigned char seed[32], const unsigned char *text, size_t length,
                                      unsigned char signature[64])
{
    size_t count = 64;
    EVP_PKEY *key = EVP_PKEY_new_raw_private_key(EVP_PKEY_ED25519, NULL, seed, 32);
    EVP_MD_CTX *context = EVP_MD_CTX_new();
    int done = key != NULL && context != NULL && EVP_DigestSignInit(context, NULL, NULL, NULL, key) == 1 &&
               EVP_DigestSign(context, signature, &count, text, length) == 1 && count == 64;
    EVP_MD_CTX_free(context);
    EVP_PKEY_free(key);
    return done;
}

static inline int diatom_ed25519_verify(const unsigned char public_key[32], const unsigned char *text, size_t length,
                                        const unsigned char signature[64])
{
    EVP_PKEY *key = EVP_PKEY_new_raw_public_key(EVP_PKEY_ED25519, NULL, public_key, 32);
    EVP_MD_CTX *context = EVP_MD_CTX_new();
    int done = key != NULL && context != NULL && EVP_DigestVerifyInit(context, NULL, NULL, NULL, key) == 1 &&
               EVP_DigestVerify(context, signature, 64, text, length) == 1;
    EVP_MD_CTX_free(context);
    EVP_PKEY_free(key);
    return done;
}
