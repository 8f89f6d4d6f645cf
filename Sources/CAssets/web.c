#include "cassets.h"

#pragma clang diagnostic ignored "-Wc23-extensions"

static const unsigned char openapi[] = {
#embed "../../docs/openapi.json"
};
static const unsigned char page[] = {
#embed "../../web/docs.html"
};
static const unsigned char script[] = {
#embed "../../web/docs.js"
};

struct cassets_bytes cassets_openapi(void)
{
    return (struct cassets_bytes){openapi, sizeof openapi};
}

struct cassets_bytes cassets_docs_page(void)
{
    return (struct cassets_bytes){page, sizeof page};
}

struct cassets_bytes cassets_docs_script(void)
{
    return (struct cassets_bytes){script, sizeof script};
}
