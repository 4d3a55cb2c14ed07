/** The two manifests, from one source. */

/** Keeps the id of an unpacked Chrome build the same everywhere; a store puts its own in. */
const KEY =
  "MIIBIjANBgkqhkiG9w0BAQEFAAOCAQ8AMIIBCgKCAQEAjHI3pCKdT8RWk/QpdBDHfyUgsXDuAxNiWnNtb9qS/x+6mUpWAQcQ1jprZ9ILg+6nOVgFyqcc19GSb1W7Ym9zE/IMUOOJ9O3o5sKUPZUyPTiObS/LJ4UCCzGnYvLOJLJa4tEBRl21vImmyJcsHnVrGfMNNWbcJhhsVY1FIHSxBz/+otf0o0FQvK6lVKIoKhXL81kCxEliXqUy3qLebQVL61Ek1IzgSOJqCGWMz7+dVDqNjwR4HIMl//svJsaO+3dMRhv+WcrNuoc3Pr3BG2s+6r69KAK6xi1OBdPyRiYtIEgUZZQH5ReSbVVL1XUU/hMTh+hrC37AznNxXM+hUpBXSQIDAQAB";

export function manifest(target, version) {
  const chrome = target === "chrome";
  return {
    manifest_version: 3,
    name: "__MSG_name__",
    description: "__MSG_description__",
    version,
    default_locale: "en",
    ...(chrome ? { key: KEY, minimum_chrome_version: "140" } : {}),
    icons: { 16: "icons/16.png", 32: "icons/32.png", 48: "icons/48.png", 128: "icons/128.png" },
    action: {
      default_title: "__MSG_name__",
      default_popup: "popup.html",
      default_icon: { 16: "icons/16.png", 32: "icons/32.png" },
    },
    background: chrome ? { service_worker: "background.js" } : { scripts: ["background.js"] },
    options_ui: { page: "options.html", open_in_tab: true },
    permissions: ["activeTab", "storage", "scripting", "contextMenus"],
    host_permissions: ["http://127.0.0.1/*"],
    optional_host_permissions: ["http://*/*", "https://*/*"],
    commands: {
      "check-page": {
        suggested_key: { default: "Alt+Shift+B" },
        description: "__MSG_commandCheck__",
      },
      "next-passage": {
        suggested_key: { default: "Alt+Shift+N" },
        description: "__MSG_commandNext__",
      },
    },
    // No script but its own; fetching from whatever server the reader named.
    content_security_policy: {
      extension_pages:
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; " +
        "connect-src http: https:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
    },
    ...(chrome
      ? {}
      : {
          browser_specific_settings: {
            gecko: {
              id: "byline@byline.invalid",
              strict_min_version: "140.0",
              // Mozilla counts whatever leaves the browser, be it to the reader's own machine.
              data_collection_permissions: { required: ["websiteContent"] },
            },
          },
        }),
  };
}
