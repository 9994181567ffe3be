/* The entry point of the module wp-soup.so. */
#include "runtime/http/wp-http-thread.h"

#include "runtime/http/wp-admin.h"
#include "runtime/http/wp-soup-ingest.h"

static WpSoup *
new_for_site (WpHttpThread *http_thread, WpSoupSite site, gpointer data)
{
  static const WpSoupSetup setups[] = {
    [WP_SOUP_INGEST] = wp_soup_ingest_setup,
    [WP_SOUP_ADMIN] = wp_admin_setup,
    [WP_SOUP_PROBE] = wp_admin_setup_probe,
  };

  return wp_soup_new (http_thread, setups[site], data);
}

const WpSoupClass wp_soup_class = { new_for_site, wp_soup_adopt, wp_soup_free };
