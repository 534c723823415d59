// The source package lacks this header; without pins nothing of it is used.
