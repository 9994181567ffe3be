#include "tests/e2e/wp-certificate.h"

#include <glib.h>
#include <openssl/pem.h>
#include <openssl/x509.h>
#include <stdio.h>

#define A_DAY_S 86400

static X509 *
sign (EVP_PKEY *key, const char *name)
{
  X509 *certificate = X509_new ();
  X509_NAME *subject = X509_get_subject_name (certificate);

  X509_set_version (certificate, X509_VERSION_3);
  ASN1_INTEGER_set (X509_get_serialNumber (certificate), 1);
  X509_gmtime_adj (X509_getm_notBefore (certificate), -A_DAY_S);
  X509_gmtime_adj (X509_getm_notAfter (certificate), A_DAY_S);
  X509_NAME_add_entry_by_txt (subject, "CN", MBSTRING_ASC, (const unsigned char *) name, -1, -1, 0);
  X509_set_issuer_name (certificate, subject);
  X509_set_pubkey (certificate, key);
  g_assert_cmpint (X509_sign (certificate, key, EVP_sha256 ()), >, 0);

  return certificate;
}

static FILE *
create (const char *dir, const char *name, const char *ending)
{
  g_autofree char *path = g_strdup_printf ("%s/%s%s", dir, name, ending);
  FILE *file = fopen (path, "w");

  g_assert_nonnull (file);
  return file;
}

void
wp_certificate_write (const char *dir, const char *name)
{
  EVP_PKEY *key = EVP_EC_gen ("P-256");
  X509 *certificate = sign (key, name);
  FILE *public = create (dir, name, ".pem"), *private = create (dir, name, ".key");

  g_assert_cmpint (PEM_write_X509 (public, certificate), ==, 1);
  g_assert_cmpint (PEM_write_PrivateKey (private, key, NULL, NULL, 0, NULL, NULL), ==, 1);
  fclose (public);
  fclose (private);
  X509_free (certificate);
  EVP_PKEY_free (key);
}
