package api

// ShamanFileSpec names a file by its content, and where a job wants it.
type ShamanFileSpec struct {
	SHA  string `json:"sha"`  // SHA-256, lower-case hexadecimal
	Size int64  `json:"size"` // in bytes
	Path string `json:"path"` // relative to the checkout, forward slashes
}

// ShamanRequirementsRequest is the request of shamanCheckoutRequirements.
type ShamanRequirementsRequest struct {
	Files List[ShamanFileSpec] `json:"files"`
}

// ShamanRequirementsResponse answers it: the files that are still needed.
type ShamanRequirementsResponse struct {
	Files List[ShamanFileSpecWithStatus] `json:"files"`
}

// ShamanFileSpecWithStatus is a file that is still needed.
type ShamanFileSpecWithStatus struct {
	ShamanFileSpec
	Status string `json:"status"` // ShamanUnknown or ShamanUploading
}

// What the file store knows of a file.
const (
	ShamanUnknown   = "unknown"   // it was never seen: upload it
	ShamanUploading = "uploading" // somebody is uploading it
	ShamanStored    = "stored"    // it is there
)

// ShamanSingleFileStatus answers shamanFileStoreCheck.
type ShamanSingleFileStatus struct {
	Status string `json:"status"`
}

// ShamanCheckout is the request of shamanCheckout.
type ShamanCheckout struct {
	Files        List[ShamanFileSpec] `json:"files"`
	CheckoutPath string               `json:"checkoutPath"` // wanted, relative to the shared storage's jobs folder
}

// ShamanCheckoutResult answers shamanCheckout with the path that was used.
type ShamanCheckoutResult struct {
	CheckoutPath string `json:"checkoutPath"`
}
