//go:build !race

package jsjobs

const raced = false
