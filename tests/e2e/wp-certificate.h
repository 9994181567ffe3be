/* wp-certificate.h - a certificate that is its own authority, for a server under test. */
#pragma once

/* Writes NAME.pem and NAME.key into @dir, over what is there; its common name is @name. */
void wp_certificate_write (const char *dir, const char *name);
