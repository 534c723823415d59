// The source package lacks this header; without a file system nothing of it is used.
